import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../lib/index.ts';
import { TEMPORARY, type Layout } from './layout.ts';
import { moveRef, readRef, removeRef, type RefClient } from './refs.ts';
import { hasSnapshot } from './snapshots.ts';

/** What start-up found. */
export interface Recovery {
  /** Leftovers that were removed, as paths. */
  removed: readonly string[];
  /** Refs that were moved to where they should be. */
  repaired: readonly string[];
  /** Refs whose snapshot is gone: write it again from the recorded manifest, then move the ref. */
  missing: readonly { ref: string; hash: string }[];
}

/**
 * Removes what a killed process left in a repository and makes its refs what the database says; a ref expected to be null is taken away.
 * Not to be called while anything writes to the repository.
 */
export async function recoverRepository(
  layout: Layout,
  client: RefClient,
  expected: Readonly<Record<string, string | null>>,
): Promise<Recovery> {
  const removed = await removeTemporaries(layout);
  const repaired: string[] = [];
  const missing: { ref: string; hash: string }[] = [];
  for (const [ref, hash] of Object.entries(expected)) {
    const found = await readRef(layout, ref);
    if (hash !== null && !(await hasSnapshot(layout, hash))) missing.push({ ref, hash });
    else if (hash === null && found !== null) await removeRef(layout, client, ref);
    else if (hash !== null) await moveRef(layout, client, ref, hash);
    if (found !== hash && !missing.some((one) => one.ref === ref)) repaired.push(ref);
  }
  return { removed, repaired, missing };
}

async function removeTemporaries(layout: Layout): Promise<string[]> {
  const fragments = (await names(layout.fragments)).map((name) => join(layout.fragments, name));
  const removed: string[] = [];
  for (const directory of [layout.directory, layout.snapshots, ...fragments]) {
    for (const name of await names(directory)) {
      if (!name.startsWith(TEMPORARY)) continue;
      await rm(join(directory, name), { recursive: true, force: true });
      removed.push(join(directory, name));
    }
  }
  return removed;
}

async function names(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
