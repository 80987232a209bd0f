import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, TEMPORARY } from '../lib/index.ts';

interface Held {
  path: string;
  bytes: number;
  usedAt: number;
}

/** Removes repositories that are half made, then packages that were used longest ago until those left below `directory` have at most `limit` bytes, and what leads to removed ones. */
export async function prunePool(directory: string, limit: number): Promise<void> {
  const held: Held[] = [];
  for (const target of await namesIn(directory)) {
    const snapshots = join(directory, target, 'snapshots');
    for (const name of (await namesIn(snapshots)).filter((one) => one.startsWith(TEMPORARY)))
      await rm(join(snapshots, name), { recursive: true, force: true });
    const pool = join(directory, target, 'pool');
    for (const shelf of await namesIn(pool))
      for (const digest of await namesIn(join(pool, shelf))) held.push(await measure(join(pool, shelf, digest)));
  }
  let bytes = held.reduce((sum, one) => sum + one.bytes, 0);
  if (bytes <= limit) return;
  // An index without its packages is no repository; it is fetched again.
  for (const target of await namesIn(directory)) {
    await rm(join(directory, target, 'snapshots'), { recursive: true, force: true });
    await rm(join(directory, target, 'partial'), { recursive: true, force: true });
  }
  for (const one of held.sort((a, b) => a.usedAt - b.usedAt)) {
    if (bytes <= limit) return;
    await rm(one.path, { recursive: true, force: true });
    bytes -= one.bytes;
  }
}

async function measure(path: string): Promise<Held> {
  const { mtimeMs } = await stat(path);
  const sizes = await Promise.all((await namesIn(path)).map(async (name) => (await stat(join(path, name))).size));
  return { path, bytes: sizes.reduce((sum, size) => sum + size, 0), usedAt: mtimeMs };
}
