import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileSystemError, inParallel, run } from '../../../lib/index.ts';
import type { StoredFile, StoredGroup } from '../../../model/index.ts';
import { hrefOf } from './href.ts';
import { missingOf, putFile, STAGING_PREFIX, take, type Pool } from './put.ts';

/** From so many on the file system is made durable as a whole, twice, instead of each file with its directories. */
const MANY = 64;
const AT_ONCE = 16;

/**
 * `putFile` for each. Of many, all are brought beside their places and made durable before the first gets its name: what has its name is whole, as with
 * one. @throws TrunklineError as `putFile`
 */
export async function putAllFiles(pool: Pool, files: readonly StoredGroup[]): Promise<void> {
  if (files.length < MANY) await inParallel(AT_ONCE, files, (file) => putFile(pool, file));
  else await putMany(pool, files);
}

async function putMany(pool: Pool, files: readonly StoredGroup[]): Promise<void> {
  try {
    await mkdir(pool.path, { recursive: true });
    const staging = await mkdtemp(join(pool.path, STAGING_PREFIX));
    try {
      const staged = await inParallel(AT_ONCE, [...files.entries()], ([n, file]) =>
        stage(pool, file, join(staging, String(n))),
      );
      await syncAll(pool.path);
      await inParallel(AT_ONCE, staged, giveNames);
      await syncAll(pool.path);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  } catch (error) {
    throw fileSystemError(error, pool.path);
  }
}

/** Files that wait in `from` for their names in `directory`. */
interface Staged {
  from: string;
  directory: string;
  files: readonly StoredFile[];
}

async function stage(pool: Pool, file: StoredGroup, from: string): Promise<Staged> {
  const directory = dirname(join(pool.path, hrefOf(file.sha256, file.fileName)));
  const files = await missingOf(directory, file);
  if (files.length > 0) await mkdir(from);
  for (const one of files) await take(one, join(from, one.fileName));
  return { from, directory, files };
}

async function giveNames({ from, directory, files }: Staged): Promise<void> {
  if (files.length > 0) await mkdir(directory, { recursive: true });
  for (const { fileName } of files) await rename(join(from, fileName), join(directory, fileName));
}

/** syncfs(2), which Node has no function for. */
async function syncAll(path: string): Promise<void> {
  await run(['sync', '--file-system', '--', path]);
}
