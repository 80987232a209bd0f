import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, TEMPORARY } from '../../../lib/index.ts';

/** Removes what a killed `put` left behind. Not to be called while another `put` runs. */
export async function recoverPool(pool: string): Promise<void> {
  const names = await readdir(pool).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  const leftovers = names.filter((name) => name.startsWith(TEMPORARY));
  await Promise.all(leftovers.map((name) => rm(join(pool, name), { recursive: true, force: true })));
}
