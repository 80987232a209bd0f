import { endHold, insertHold, listHolds, type Hold } from '../db/index.ts';
import { audit } from '../events/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Order, PromotionContext } from './context.ts';
import { findSnapshotNamed, requireThere, type Subject } from './subject.ts';

/**
 * Keeps a snapshot from the garbage collector, until a time (milliseconds since the epoch) or for good; in place of the hold it has.
 * @throws TrunklineError `gone` for one that was removed, `not_found`, `invalid_argument`
 */
export async function addHold(
  context: PromotionContext,
  subject: Subject,
  { actor, reason, until }: Order & { until: number | null },
): Promise<Hold> {
  const now = context.now();
  const { target, hash } = await requireThere(context.db, subject);
  return context.db.transaction(async (tx) => {
    await audit(tx, { actor, action: 'hold', subject: `snapshot/${target}/${hash}`, reason }, now);
    return insertHold(tx, { target, snapshotHash: hash, actor, reason, until, now });
  });
}

/** Ends the hold of a snapshot. @throws TrunklineError `not_found` also for one that is not held, `invalid_argument` */
export async function removeHold(
  context: PromotionContext,
  subject: Subject,
  { actor, reason }: Pick<Order, 'actor'> & { reason: string | null },
): Promise<Hold> {
  const now = context.now();
  const { target, hash } = await findSnapshotNamed(context.db, subject);
  return context.db.transaction(async (tx) => {
    const ended = await endHold(tx, { target, snapshotHash: hash }, { actor, reason, now });
    if (ended === null)
      throw new TrunklineError('not_found', `Snapshot ${hash} of ${target} is not held`, {
        hint: 'trunkline hold list shows what is',
      });
    await audit(tx, { actor, action: 'release_hold', subject: `snapshot/${target}/${hash}`, reason }, now);
    return ended;
  });
}

/** What is held now, of one target or of all. */
export function holdsOf(context: PromotionContext, target: string | null): Promise<Hold[]> {
  return listHolds(context.db, { at: context.now(), ...(target === null ? {} : { target }) });
}
