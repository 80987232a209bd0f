export { openJail, recoverJails } from './open.ts';
export { BUILDER, OWNERS, shiftedOwner } from './owner.ts';
export { jailReadiness, type Lack } from './readiness.ts';
export type * from './types.ts';
