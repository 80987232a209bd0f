import {
  deleteRef,
  endPromotion,
  findRef,
  findSnapshot,
  moveRef,
  standingPromotion,
  type Promotion,
  type RefMove,
  type Tx,
} from '../db/index.ts';
import { audit, emit } from '../events/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Order, PromotionContext } from './context.ts';
import { requireFree, showRef } from './promote.ts';
import { hideRef } from './remove.ts';
import type { Subject } from './subject.ts';

export interface Demoted {
  /** The promotion that was taken back. */
  promotion: Promotion;
  /** The move of the ref, to nowhere where the promotion had made it; null when it pointed elsewhere already, or at the same snapshot before: it stays. */
  move: RefMove | null;
}

/**
 * Takes the last standing promotion under a name back: the ref points where it did before it, or is removed where it was not there. Both stay in the
 * history. `expected` names the promotion the asker has seen; another one standing by now refuses.
 * @throws TrunklineError `not_found` when none stands, `gone` when what was before has been removed, `repository_conflict`, `invalid_argument`,
 * `ref_protected`, `signing_failed`
 */
export async function demote(
  context: PromotionContext,
  subject: Subject,
  order: Order & { expected?: number },
): Promise<Demoted> {
  requireFree(context.settings, subject.name);
  return context.mutexes.hold(`publish ${subject.target.name}`, async () => {
    // Nothing has to be signed to take a ref away.
    const standing = await standingPromotion(context.db, subject.target.name, subject.name);
    if (typeof standing?.from === 'string') await context.repository(subject.target).requireSigning([standing.from]);
    const demoted = await context.db.transaction((tx) => takeBack(context, tx, subject, order));
    if (demoted.move?.toHash === null) await hideRef(context, subject);
    else await showRef(context, { target: subject.target.name, name: subject.name });
    return demoted;
  });
}

async function takeBack(
  context: PromotionContext,
  tx: Tx,
  { target: { name: target }, name }: Subject,
  { actor, reason, expected }: Order & { expected?: number },
): Promise<Demoted> {
  const now = context.now();
  const standing = await requireStanding(tx, target, name, expected);
  const move = await moveBack(tx, standing, { actor, reason, now });
  const promotion = await endPromotion(tx, standing.id, { actor, reason, now });
  if (promotion === null)
    throw new TrunklineError('repository_conflict', `Promotion ${String(standing.id)} was taken back a moment ago`);
  await audit(tx, { actor, action: 'demote', subject: `ref/${target}/${name}`, reason }, now);
  const { id: promotionId, snapshot } = promotion;
  const to = (await findRef(tx, target, name))?.snapshotHash ?? null;
  if (move !== null && to !== null)
    await emit(tx, { kind: 'ref_moved', target, name, from: move.fromHash, to, actor }, now);
  else if (move !== null) await emit(tx, { kind: 'ref_removed', target, name, from: snapshot, actor }, now);
  await emit(tx, { kind: 'demoted', target, name, snapshot, to, promotionId, actor }, now);
  return { promotion, move };
}

async function requireStanding(tx: Tx, target: string, name: string, expected?: number): Promise<Promotion> {
  const standing = await standingPromotion(tx, target, name);
  if (standing === null)
    throw new TrunklineError('not_found', `No promotion of ${target}/${name} stands`, {
      hint: `trunkline promotions ${target} shows what was promoted`,
    });
  if (expected !== undefined && standing.id !== expected)
    throw new TrunklineError(
      'repository_conflict',
      `${target}/${name} rests on promotion ${String(standing.id)}, not on ${String(expected)}`,
      { hint: 'somebody else promoted or took back: look again and decide anew' },
    );
  return standing;
}

/** Where somebody has moved the ref since, it stays; moveRef locks its row, so nobody moves it in between. */
async function moveBack(
  tx: Tx,
  { target, name, snapshot, from }: Promotion,
  by: Order & { now: number },
): Promise<RefMove | null> {
  const at = (await findRef(tx, target, name))?.snapshotHash;
  if (at !== snapshot || from === snapshot) return null;
  if (from === null) return deleteRef(tx, { target, name, ...by });
  if ((await findSnapshot(tx, target, from))?.goneAt !== null)
    throw new TrunklineError('gone', `${target}/${name} pointed at snapshot ${from} before, which was removed`, {
      hint: `promote another one; trunkline promotions ${target}/${name} shows what there was`,
    });
  return moveRef(tx, { target, name, to: from, from: snapshot, ...by });
}
