import { mkdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { breathe, fileSystemError, inParallel, run } from '../../../lib/index.ts';
import type { StoredGroup } from '../../../model/index.ts';
import { hrefOf } from './href.ts';
import { missingOf, putFile, stagingName, take, type Pool } from './put.ts';

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
    mkdirSync(pool.path, { recursive: true });
    const staging = stagingName(pool);
    mkdirSync(staging, 0o700);
    try {
      const staged: Staged[] = [];
      for (const [n, file] of files.entries()) {
        staged.push(await stage(pool, file, join(staging, String(n))));
        await breathe();
      }
      await syncAll(pool.path);
      for (const one of staged) {
        giveNames(one);
        await breathe();
      }
      await syncAll(pool.path);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  } catch (error) {
    throw fileSystemError(error, pool.path);
  }
}

/** Files that wait for their names in `directory`, with where each is. */
interface Staged {
  directory: string;
  files: readonly { from: string; fileName: string }[];
}

async function stage(pool: Pool, file: StoredGroup, from: string): Promise<Staged> {
  const directory = dirname(join(pool.path, hrefOf(file.sha256, file.fileName)));
  const missing = await missingOf(directory, file);
  const files = missing.map(({ fileName }, n) => ({ from: `${from}-${n}`, fileName }));
  for (const [n, one] of missing.entries()) await take(one, `${from}-${n}`);
  return { directory, files };
}

function giveNames({ directory, files }: Staged): void {
  if (files.length > 0) mkdirSync(directory, { recursive: true });
  for (const { from, fileName } of files) renameSync(from, join(directory, fileName));
}

/** syncfs(2), which Node has no function for. */
async function syncAll(path: string): Promise<void> {
  await run(['sync', '--file-system', '--', path]);
}
