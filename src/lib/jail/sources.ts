import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { TrunklineError } from '../errors.ts';
import { isShifted } from './owner.ts';

export interface HostSource {
  /** Without symbolic links. */
  path: string;
  isDirectory: boolean;
  /** Equal for one file or directory as long as it is mounted somewhere. */
  identity: string;
  uid: number;
}

/**
 * What lies at a path of this machine that a jail is to see.
 * @throws TrunklineError `invalid_argument` when the path leads through a symbolic link that a jail made: it could name any file of the machine.
 */
export async function hostSource(path: string): Promise<HostSource> {
  if (!isAbsolute(path) || path.includes('\0'))
    throw new TrunklineError('invalid_argument', `Not an absolute path: ${path}`);
  for (let part = path; part !== '/'; part = dirname(part)) {
    const found = await lstat(part).catch(() => undefined);
    if (found === undefined)
      throw new TrunklineError('not_found', `No such file or directory: ${part}`, { where: part });
    if (found.isSymbolicLink() && isShifted(found.uid))
      throw new TrunklineError('invalid_argument', `A jail has put a symbolic link at ${part}`, {
        where: part,
        hint: 'remove it; what runs in a jail may not choose which of the machine’s files the next one sees',
      });
  }
  const real = await realpath(path);
  const found = await stat(real);
  return {
    path: real,
    isDirectory: found.isDirectory(),
    identity: `${String(found.dev)}:${String(found.ino)}:${real}`,
    uid: found.uid,
  };
}
