import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, namesIn, syncDirectory, TEMPORARY } from '../../lib/index.ts';
import { readIndices } from '../assembly/index.ts';
import type { Layout } from '../layout.ts';

/** How long what nothing names any more is left, in milliseconds: a client may be in the midst of reading it. */
export const STALE = 86_400_000;

/** Takes a directory or file away, in one step as far as anybody sees, by way of `through`. Nothing happens where it is not there. */
export async function takeAway(path: string, through: string): Promise<void> {
  const leaving = join(through, `${TEMPORARY}gone-${basename(path)}`);
  await rm(leaving, { recursive: true, force: true });
  try {
    await rename(path, leaving);
    await syncDirectory(dirname(path));
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
  }
  await rm(leaving, { recursive: true, force: true });
}

/** Removes index files by digest that no snapshot's files name, and that nobody has changed for a day. Answers how many. */
export async function sweepByHash(layout: Layout, now: number): Promise<number> {
  const named = new Set<string>();
  for (const hash of await namesIn(layout.snapshots))
    for (const index of (await readIndices(join(layout.snapshots, hash)))?.indices ?? [])
      named.add(index.closed.sha256);
  let removed = 0;
  for (const digest of await namesIn(layout.byHash)) {
    const path = join(layout.byHash, digest);
    if (named.has(digest) || now - (await stat(path)).ctimeMs < STALE) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}

/** Digests of packages in the pool that nothing is recorded of, and that nobody has changed for a day: of a publication that never happened. */
export async function strayPackages(layout: Layout, known: ReadonlySet<string>, now: number): Promise<string[]> {
  const strays: string[] = [];
  for (const prefix of (await namesIn(layout.pool)).filter((name) => /^[0-9a-f]{2}$/.test(name)))
    for (const digest of await namesIn(join(layout.pool, prefix)))
      if (!known.has(digest) && /^[0-9a-f]{64}$/.test(digest)) {
        const { mtimeMs } = await stat(join(layout.pool, prefix, digest));
        if (now - mtimeMs >= STALE) strays.push(digest);
      }
  return strays;
}
