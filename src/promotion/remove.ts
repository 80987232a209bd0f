import { deleteRef, findRef, listRemovedRefs, type Ref, type RefMove } from '../db/index.ts';
import { audit, emit } from '../events/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Target } from '../model/index.ts';
import type { PromotionContext } from './context.ts';
import { FOLLOWS_TRUNK, refuseProtected, requireRef, type RefOrder } from './refs.ts';
import type { Subject } from './subject.ts';

/**
 * Takes a ref away, with the links and client files by which it is found; its snapshot stays, and so does its history.
 * @returns its last move, to nowhere
 * @throws TrunklineError `not_found` for no such ref, `invalid_argument` for one that follows the trunk, or is protected
 */
export async function removeRef(context: PromotionContext, subject: Subject, order: RefOrder): Promise<RefMove> {
  const { target, name } = subject;
  if (FOLLOWS_TRUNK.includes(name))
    throw new TrunklineError('invalid_argument', `${target.name}/${name} follows the trunk: it cannot be removed`, {
      hint: `trunkline ref set ${target.name}/${name} --force points it elsewhere`,
    });
  refuseProtected(context.settings, subject, order);
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    const ref = await requireRef(context, subject);
    const removed = await recordRemoval(context, ref, order);
    await hideRef(context, subject);
    return removed;
  });
}

/** Refs of a target that were taken away: name → null, for start-up to finish what a killed process began. */
export async function describeRemovedRefs(context: PromotionContext, target: Target): Promise<Record<string, null>> {
  return Object.fromEntries((await listRemovedRefs(context.db, target.name)).map((name) => [name, null]));
}

/** In one transaction; what is on disk comes after it. */
function recordRemoval(context: PromotionContext, ref: Ref, { actor, reason }: RefOrder): Promise<RefMove> {
  const now = context.now();
  const { target, name } = ref;
  return context.db.transaction(async (tx) => {
    const removed = await deleteRef(tx, { target, name, actor, reason, now });
    if (removed?.fromHash == null) throw new Error(`${target}/${name} went while it was removed`);
    await audit(tx, { actor, action: 'remove_ref', subject: `ref/${target}/${name}`, reason }, now);
    await emit(tx, { kind: 'ref_removed', target, name, from: removed.fromHash, actor }, now);
    return removed;
  });
}

/** Takes a ref's link from the disk, unless it was made again meanwhile. One at a time for a target, as with those who show refs. */
export async function hideRef(context: PromotionContext, { target, name }: Subject): Promise<void> {
  await context.mutexes.hold(`show ${target.name}`, async () => {
    if ((await findRef(context.db, target.name, name)) === null) await context.repository(target).removeRef(name);
  });
}
