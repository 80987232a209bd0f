export type { Order, PromotionContext } from './context.ts';
export { addHold, holdsOf, removeHold } from './holds.ts';
export { describeRemovedRefs, removeRef } from './remove.ts';
export { isProtected, refHistory, refsOf, setRef, undoRef, type RefOrder } from './refs.ts';
export { describeRefs, moveRefs, pointRef, showRefs } from './show.ts';
export { findSnapshotNamed, parseSubject, requireThere, type Subject } from './subject.ts';
