export { openJail, recoverJails } from './open.ts';
export { BUILDER, OWNERS, shiftedOwner } from './owner.ts';
export type * from './types.ts';
