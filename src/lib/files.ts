import { randomBytes } from 'node:crypto';
import { closeSync, fsync, mkdirSync, openSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf, TrunklineError } from './errors.ts';
import { writePieces } from './write-pieces.ts';

/** Makes the content of an open file, or the names in an open directory, survive a power cut. Waits for the disk on another thread. */
export const syncDescriptor: (descriptor: number) => Promise<void> = promisify(fsync);

/** How everything is called that is not whole yet; start-up removes what was left of it. */
export const TEMPORARY = '.tmp-';

/** A name beside `path` that nothing has, for what is renamed to `path` when it is whole. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `${TEMPORARY}${basename(path)}-${randomBytes(6).toString('hex')}`);
}

/** Whether link(2) says that a hard link cannot be had: another file system, too many of them, or one that the kernel forbids. Then a copy has to do. */
export function cannotLink(error: unknown): boolean {
  return ['EXDEV', 'EMLINK', 'EPERM'].includes(errnoOf(error) ?? '');
}

/** Makes what was renamed or created in `directory` survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const opened = openSync(directory, 'r');
  try {
    await syncDescriptor(opened);
  } finally {
    closeSync(opened);
  }
}

/**
 * Writes `content` so that a reader sees the old file or the whole new one, also after a crash; parents are made. What is not `durable` survives a
 * crash of ours, but may be lost, or be damaged, after one of the machine: for what is checked when it is read, and can be made again. With `'content'`
 * it may be lost until somebody calls `syncDirectory`, but is never damaged.
 * @throws TrunklineError `no_space` or `data_dir_unwritable` where the file system refuses.
 */
export async function writeAtomic(
  path: string,
  content: string | Uint8Array,
  { mode = 0o644, durable = true }: { mode?: number; durable?: boolean | 'content' } = {},
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    const file = openNew(temporary, mode);
    try {
      await writePieces(file, [typeof content === 'string' ? Buffer.from(content) : content]);
      if (durable !== false) await syncDescriptor(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    if (durable === true) await syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileSystemError(error, path);
  }
}

/** Opens a new file, its parents made where they are not there. */
function openNew(path: string, mode: number): number {
  try {
    return openSync(path, 'wx', mode);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'wx', mode);
}

/**
 * Points the symbolic link `path` at `target` in one step (rename over the old link), so that a reader never misses it. What is not `durable` may be
 * lost until somebody calls `syncDirectory`.
 */
export async function replaceLink(path: string, target: string, { durable = true } = {}): Promise<void> {
  if (linkedTo(path) === target) return;
  const temporary = temporaryBeside(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, temporary);
    renameSync(temporary, path);
    if (durable) await syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileSystemError(error, path);
  }
}

function linkedTo(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Names in a directory; none where there is none. */
export async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  });
}

/** A full disk and a read-only or forbidden path as errors that say what to do; anything else unchanged. */
export function fileSystemError(error: unknown, path: string): unknown {
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new TrunklineError('no_space', `No space left to write ${path}`, {
      where: path,
      hint: 'free space or move data_dir to a larger file system, then run again; nothing was lost',
      cause: error,
    });
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return new TrunklineError('data_dir_unwritable', `Cannot write ${path}: ${code}`, {
      where: path,
      hint: 'make the directory writable for the user that runs trunkline, or choose another data_dir',
      cause: error,
    });
  return error;
}
