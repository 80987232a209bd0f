import { constants } from 'node:fs';
import { mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { TrunklineError, errnoOf } from '../errors.ts';
import { fileSystemError } from '../files.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * Copies the file, or the regular files in the directory, at `path` below `root` to `directory`. Each component is opened relative to the one before it
 * (through /proc/self/fd, as openat(2) would) and no symbolic link is followed, so that nothing a jail plants or swaps leads elsewhere. What is no
 * regular file is left out, and a directory's own directories too.
 * @throws TrunklineError `not_found`, `package_invalid` when it is more than `maxBytes`, has a link on its way or a name that is no UTF-8
 */
export async function copyFilesOut(root: string, path: string, directory: string, maxBytes: number): Promise<string[]> {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..') || path.includes('\0'))
    throw new TrunklineError('invalid_argument', `Not a path inside a jail: ${path}`);
  const last = names.pop();
  await using parent = await openBelow(root, names, path);
  await mkdir(directory, { recursive: true });
  const budget = { left: maxBytes, path };
  if (last === undefined) return await copyDirectory(parent, directory, budget);
  await using file = await openAt(parent, last, O_RDONLY | O_NONBLOCK, path);
  const found = await file.stat();
  if (found.isDirectory()) return await copyDirectory(file, directory, budget);
  if (!found.isFile())
    throw new TrunklineError('package_invalid', `${path} in the jail is no regular file`, { where: path });
  return [await copyFile(file, found.size, join(directory, last), budget)];
}

interface Budget {
  left: number;
  path: string;
}

async function openBelow(root: string, names: readonly string[], path: string): Promise<FileHandle> {
  let handle = await open(root, O_RDONLY | O_DIRECTORY);
  for (const name of names) {
    await using parent = handle;
    handle = await openAt(parent, name, O_RDONLY | O_DIRECTORY, path);
  }
  return handle;
}

async function openAt(parent: FileHandle, name: string, flags: number, path: string): Promise<FileHandle> {
  try {
    return await open(`/proc/self/fd/${String(parent.fd)}/${name}`, flags | O_NOFOLLOW);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT')
      throw new TrunklineError('not_found', `The jail has no ${path}`, { where: path, cause: error });
    if (code === 'ELOOP' || code === 'ENOTDIR' || code === 'ENXIO')
      throw new TrunklineError('package_invalid', `${path} in the jail leads through a link or a special file`, {
        where: path,
        cause: error,
      });
    throw error;
  }
}

async function copyDirectory(handle: FileHandle, directory: string, budget: Budget): Promise<string[]> {
  const copied: string[] = [];
  for (const raw of await readdir(`/proc/self/fd/${String(handle.fd)}`, { encoding: 'buffer' })) {
    const name = raw.toString('utf8');
    if (!Buffer.from(name).equals(raw))
      throw new TrunklineError('package_invalid', `A file name in ${budget.path} of the jail is no UTF-8`, {
        where: budget.path,
      });
    const path = await copyEntry(handle, name, directory, budget);
    if (path !== undefined) copied.push(path);
  }
  return copied.sort();
}

async function copyEntry(
  parent: FileHandle,
  name: string,
  directory: string,
  budget: Budget,
): Promise<string | undefined> {
  const file = await openAt(parent, name, O_RDONLY | O_NONBLOCK, `${budget.path}/${name}`).catch((error: unknown) => {
    if (error instanceof TrunklineError && error.code === 'package_invalid') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  await using opened = file;
  const found = await opened.stat();
  return found.isFile() ? await copyFile(opened, found.size, join(directory, name), budget) : undefined;
}

/** Reads at most the size it had when it was opened: a file that grows meanwhile cannot fill the disk. */
async function copyFile(file: FileHandle, size: number, target: string, budget: Budget): Promise<string> {
  budget.left -= size;
  if (budget.left < 0)
    throw new TrunklineError('package_invalid', `What the jail made in ${budget.path} is larger than allowed`, {
      where: budget.path,
      hint: 'make the package smaller, or raise the limit of the target',
    });
  try {
    await using output = await open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    await copyBytes(file, output, size);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') await rm(target, { force: true });
    throw fileSystemError(error, target);
  }
  return target;
}

async function copyBytes(from: FileHandle, to: FileHandle, size: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(size, 1024 * 1024));
  for (let left = size; left > 0;) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(left, buffer.length));
    if (bytesRead === 0) return;
    await to.writeFile(buffer.subarray(0, bytesRead));
    left -= bytesRead;
  }
}
