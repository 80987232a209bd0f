import type { Jail, JailOptions } from './types.ts';

export { BUILDER, OWNERS, shiftedOwner } from './owner.ts';
export { recoverJails } from './recover.ts';
export { jailReadiness, type Lack } from './readiness.ts';
export type * from './types.ts';

/** See `open.ts`, which is loaded with the first jail: a server that waits has none. */
export async function openJail(options: JailOptions): Promise<Jail> {
  return (await import('./open.ts')).openJail(options);
}
