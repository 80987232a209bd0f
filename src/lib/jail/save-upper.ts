import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TrunklineError } from '../errors.ts';
import { fileSystemError, temporaryBeside } from '../files.ts';
import { ProcessError, run } from '../run.ts';
import type { Holder } from './holder.ts';

/**
 * Copies the upper layer of root `number` to `directory`, which appears whole or not at all: owners, whiteouts and the marks of opaque directories
 * (trusted.overlay.*, which only host root can read and write) as they are.
 * @throws TrunklineError `invalid_argument` when the directory exists, `no_space`.
 */
export async function saveUpperOf(
  holder: Holder,
  number: number,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const target = resolve(directory);
  if (await lstat(target).catch(() => undefined))
    throw new TrunklineError('invalid_argument', `${target} exists already`, { where: target });
  const temporary = temporaryBeside(target);
  try {
    await mkdir(dirname(target), { recursive: true });
    const upper = join(holder.directory.replace('/self/', `/${String(process.pid)}/`), 'disk', String(number), 'u');
    // Nothing of the jail runs now, and cp copies links as links.
    await run(['/usr/bin/setpriv', '--pdeathsig', 'KILL', '/bin/cp', '-a', '--', upper, temporary], { signal });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw savingError(error, target);
  }
}

function savingError(error: unknown, target: string): unknown {
  if (error instanceof ProcessError && error.stderr.includes('No space left on device'))
    return fileSystemError(Object.assign(new Error(error.message), { code: 'ENOSPC' }), target);
  return fileSystemError(error, target);
}
