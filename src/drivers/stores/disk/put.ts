import { chmodSync, closeSync, constants, linkSync, lstatSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { chown, copyFile, lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  cannotLink,
  fileSystemError,
  sha256File,
  syncDescriptor,
  syncDirectory,
  temporaryBeside,
  TrunklineError,
} from '../../../lib/index.ts';
import type { StoredFile, StoredGroup } from '../../../model/index.ts';
import { hrefOf } from './href.ts';
import { checkPlace } from './schema.ts';

/** Where packages lie, and the directories of prefixes that this process knows to survive a power cut. */
export interface Pool {
  path: string;
  settled: Set<string>;
}

/**
 * Puts a file, and before it what must lie beside it, below the pool. A place that is taken by that very file is left alone; what a power cut or a bad
 * disk made of it is replaced.
 * @throws TrunklineError `store_damaged` when the content is not what the digest says, `no_space`, `data_dir_unwritable`
 */
export async function putFile(pool: Pool, file: StoredGroup): Promise<string> {
  const href = hrefOf(file.sha256, file.fileName);
  const directory = dirname(join(pool.path, href));
  try {
    const missing = await missingOf(directory, file);
    if (missing.length > 0) await place(pool, directory, missing);
    return href;
  } catch (error) {
    throw fileSystemError(error, directory);
  }
}

/** Of a file and what must lie beside it, what is not in its place; in the order in which it has to come there. */
export async function missingOf(directory: string, file: StoredGroup): Promise<StoredFile[]> {
  const companions = file.companions ?? [];
  for (const companion of companions) checkPlace(companion.sha256, companion.fileName);
  const missing: StoredFile[] = [];
  for (const one of [...companions, file]) if (!(await isThere(join(directory, one.fileName), one))) missing.push(one);
  return missing;
}

/** Whether a file is there. Its content was proved when it was put, and made durable before it got its name. */
export async function holds(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true;
}

/** What is new finds nothing in its place, and so costs no reading; what comes again may come because what lies there was damaged. */
async function isThere(path: string, { size, sha256 }: StoredFile): Promise<boolean> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status?.isFile() === true && status.size === size && (await sha256File(path)) === sha256;
}

async function place(pool: Pool, directory: string, files: readonly StoredFile[]): Promise<void> {
  mkdirSync(directory, { recursive: true });
  for (const file of files) {
    const staged = stagingName(pool);
    try {
      await take(file, staged);
      await syncFile(staged);
      renameSync(staged, join(directory, file.fileName));
    } catch (error) {
      rmSync(staged, { force: true });
      throw error;
    }
  }
  const prefix = dirname(directory);
  await Promise.all([directory, prefix, ...(pool.settled.has(prefix) ? [] : [pool.path])].map(syncDirectory));
  pool.settled.add(prefix);
}

/** A name for what waits until it is whole, at the top of the pool, where `recover` finds it. */
export function stagingName(pool: Pool): string {
  return temporaryBeside(join(pool.path, 'put'));
}

/**
 * Brings a file to where it waits, without making it durable. A hard link where that is safe: the file is ours, so nobody can write to it behind the
 * store's back. Otherwise a copy, which shares blocks where the file system can.
 */
export async function take(file: StoredFile, staged: string): Promise<void> {
  const status = lstatSync(file.path);
  if (!status.isFile()) throw damaged(file, 'is not a regular file');
  if (status.uid !== process.getuid?.() || !linked(file.path, staged)) await copy(file.path, staged);
  chmodSync(staged, 0o644);
  const { size } = lstatSync(staged);
  if (size !== file.size || (await sha256File(staged)) !== file.sha256)
    throw damaged(file, 'is not what was identified: its size or SHA-256 differ');
}

async function syncFile(path: string): Promise<void> {
  const file = openSync(path, 'r');
  try {
    await syncDescriptor(file);
  } finally {
    closeSync(file);
  }
}

/** libuv gives the copy the owner of the original where it may. */
async function copy(path: string, staged: string): Promise<void> {
  await copyFile(path, staged, constants.COPYFILE_FICLONE);
  if (process.getuid !== undefined && process.getgid !== undefined)
    await chown(staged, process.getuid(), process.getgid());
}

function linked(path: string, staged: string): boolean {
  try {
    linkSync(path, staged);
    return true;
  } catch (error) {
    if (cannotLink(error)) return false;
    throw error;
  }
}

function damaged(file: StoredFile, what: string): TrunklineError {
  return new TrunklineError('store_damaged', `${file.path} ${what}`, {
    where: file.path,
    hint: 'nothing was published; run the build again, and check the disk if it happens again',
  });
}
