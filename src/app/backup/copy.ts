import { constants } from 'node:fs';
import { copyFile, link, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotLink, errnoOf, fileSystemError, TEMPORARY } from '../../lib/index.ts';

/** How a file gets to another place: as another name of the same file where that can be, or as a copy. */
export type How = 'link' | 'copy';

/** Puts a file; false when it is not there. One that is in its place already stays. */
export async function putFile(from: string, to: string, how: How): Promise<boolean> {
  try {
    if (how === 'copy' || !(await linked(from, to)))
      await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return true;
    // Where the directory of the new place is missing it is ENOENT too.
    if (errnoOf(error) === 'ENOENT' && (await stat(from).catch(() => null)) === null) return false;
    throw fileSystemError(error, to);
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (cannotLink(error)) return false;
    throw error;
  }
}

export interface TreeCopy {
  /** Of a regular file, by its path below the top. */
  how: (path: string, status: { mtimeMs: number }) => How;
  /** Mode of directories that are made. */
  mode?: number;
  signal: AbortSignal;
}

/**
 * Puts everything below a directory: files, directories and symbolic links as they are; nothing else, and nothing that is not whole (`.tmp-…`). What
 * goes away meanwhile is left out. Answers how many files; 0 where there is no such directory.
 */
export async function copyTree(from: string, to: string, copy: TreeCopy, path = '', again = 3): Promise<number> {
  copy.signal.throwIfAborted();
  const entries = await readdir(join(from, path), { withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw fileSystemError(error, join(from, path));
  });
  if (entries === null) return 0;
  await mkdir(join(to, path), { recursive: true, mode: copy.mode ?? 0o755 });
  let files = 0;
  let renamed = false;
  for (const entry of entries) {
    const below = join(path, entry.name);
    const [source, place] = [join(from, below), join(to, below)];
    if (entry.name.startsWith(TEMPORARY)) continue;
    if (entry.isDirectory()) files += await copyTree(from, to, copy, below);
    else if (entry.isSymbolicLink()) await copyLink(source, place);
    else if (entry.isFile()) {
      const status = await stat(source).catch(() => null);
      if (status !== null && (await putFile(source, place, copy.how(below, status)))) files += 1;
      else renamed = true;
    }
  }
  // A log that was compressed meanwhile has another name: what is there already stays.
  return renamed && again > 0 ? copyTree(from, to, copy, path, again - 1) : files;
}

async function copyLink(from: string, to: string): Promise<void> {
  const target = await readlink(from).catch(() => null);
  if (target === null) return;
  await symlink(target, to).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw fileSystemError(error, to);
  });
}
