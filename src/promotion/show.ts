import { findRef, listRefs, requireSnapshot } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Target } from '../model/index.ts';
import type { PromotionContext } from './context.ts';

/** Refs of a target as the database has them: name → snapshot. */
export async function describeRefs(
  { db }: Pick<PromotionContext, 'db'>,
  target: string,
): Promise<Record<string, string>> {
  const refs = await listRefs(db, target);
  return Object.fromEntries(refs.map((ref) => [ref.name, ref.snapshotHash]));
}

/** Makes the links on disk say what the database says. To be called while holding `show <target>`, so that no older state is written over a newer one. */
export async function moveRefs(context: PromotionContext, target: Target): Promise<void> {
  for (const [ref, hash] of Object.entries(await describeRefs(context, target.name)))
    await pointRef(context, target, { ref, hash });
}

/** The same, holding it. */
export async function showRefs(context: PromotionContext, target: Target): Promise<void> {
  await context.mutexes.hold(`show ${target.name}`, () => moveRefs(context, target));
}

/** To be called before moves are recorded that an expired key would keep from being shown; signing may take long. @throws TrunklineError `signing_failed` */
export async function requireShowable(
  context: PromotionContext,
  target: Target,
  moves: readonly { ref: string; hash: string }[],
): Promise<void> {
  const hashes: string[] = [];
  for (const { ref, hash } of moves)
    if ((await findRef(context.db, target.name, ref))?.snapshotHash !== hash) hashes.push(hash);
  await context.repository(target).requireSigning(hashes);
}

/** Points a ref's link at a snapshot; where that does not exist as files, they are made, saying what they said before. */
export async function pointRef(
  context: PromotionContext,
  target: Target,
  { ref, hash }: { ref: string; hash: string },
): Promise<void> {
  const repository = context.repository(target);
  const now = Math.trunc(context.now() / 1000);
  try {
    await repository.moveRef(ref, hash, now);
  } catch (error) {
    if (!(error instanceof TrunklineError) || error.code !== 'not_found') throw error;
    const { indexTime } = await requireSnapshot(context.db, target.name, hash);
    await repository.materialise(hash, indexTime ?? now);
    await repository.moveRef(ref, hash, now);
  }
}

/**
 * Dates the indices of a target's refs anew once half of the time is over for which apt believes them (Valid-Until). Of several servers that see it the
 * first does it: the others find, holding `show <target>` after it, nothing left to do. Answers whether there was anything.
 */
export async function renewRefs(context: PromotionContext, target: Target): Promise<boolean> {
  const { validFor } = target;
  if (validFor === null) return false;
  const repository = context.repository(target);
  for (const name of Object.keys(await describeRefs(context, target.name))) {
    const until = await repository.validUntil(name);
    if (until === null || until - validFor / 2 >= Math.trunc(context.now() / 1000)) continue;
    await showRefs(context, target);
    return true;
  }
  return false;
}
