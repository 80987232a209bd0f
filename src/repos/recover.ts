import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, TEMPORARY, TrunklineError } from '../lib/index.ts';
import type { Layout } from './layout.ts';
import { isRefThere, moveRef, readRef, removeRef, type RefMaker } from './refs.ts';
import { snapshotIndices } from './snapshots.ts';

/** What start-up found. */
export interface Recovery {
  /** Leftovers that were removed, as paths. */
  removed: readonly string[];
  /** Refs that were moved to where they should be. */
  repaired: readonly string[];
  /** Refs whose snapshot does not exist as files: materialise it, then move the ref. */
  missing: readonly { ref: string; hash: string }[];
  /** Refs that stay as they were published, as nothing could be signed for them. */
  unsigned: readonly { ref: string; refusal: TrunklineError }[];
}

/**
 * Removes what a killed process left in a repository and makes its refs what the database says; a ref expected to be null is taken away.
 * Not to be called while anything writes to the repository.
 */
export async function recoverRepository(
  maker: RefMaker,
  expected: Readonly<Record<string, string | null>>,
  now: number,
): Promise<Recovery> {
  const { layout } = maker;
  const removed = await removeTemporaries(layout);
  const repaired: string[] = [];
  const missing: { ref: string; hash: string }[] = [];
  const unsigned: { ref: string; refusal: TrunklineError }[] = [];
  for (const [ref, hash] of Object.entries(expected)) {
    const found = await readRef(layout, ref);
    if (hash !== null && (await snapshotIndices(layout, hash)) === null) missing.push({ ref, hash });
    else if (hash !== null) {
      const refusal = await signingRefusal(moveRef(maker, ref, hash, now));
      if (refusal !== null) unsigned.push({ ref, refusal });
    } else if (await isRefThere(layout, ref)) await removeRef(maker, ref);
    if (found !== hash && ![...missing, ...unsigned].some((one) => one.ref === ref)) repaired.push(ref);
  }
  return { removed, repaired, missing, unsigned };
}

/** Why nothing could be signed: a key that has expired keeps nobody from being served what was published before. */
async function signingRefusal(moved: Promise<void>): Promise<TrunklineError | null> {
  try {
    await moved;
    return null;
  } catch (error) {
    if (error instanceof TrunklineError && error.code === 'signing_failed') return error;
    throw error;
  }
}

async function removeTemporaries(layout: Layout): Promise<string[]> {
  const fragments = (await namesIn(layout.fragments)).map((name) => join(layout.fragments, name));
  const removed: string[] = [];
  for (const directory of [layout.directory, layout.snapshots, ...fragments]) {
    for (const name of await namesIn(directory)) {
      if (!name.startsWith(TEMPORARY)) continue;
      await rm(join(directory, name), { recursive: true, force: true });
      removed.push(join(directory, name));
    }
  }
  return removed;
}
