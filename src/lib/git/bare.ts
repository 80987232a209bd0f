import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, TrunklineError } from '../errors.ts';
import { fileSystemError, TEMPORARY } from '../files.ts';
import { git } from './command.ts';

/**
 * Makes an empty bare repository at `path` unless there is one; a rename makes it appear whole, whoever else does the same.
 * @throws TrunklineError `data_dir_unwritable`, `no_space`.
 */
export async function createBare(path: string): Promise<void> {
  if (await isRepository(path)) return;
  try {
    await mkdir(dirname(path), { recursive: true });
    const temporary = await mkdtemp(join(dirname(path), `${TEMPORARY}mirror-`));
    try {
      // No branch of anybody's is called this, so that nothing git derives from HEAD depends on a branch.
      await git({ path: temporary }, ['init', '--quiet', '--bare', '--template=', '--initial-branch=trunkline/none']);
      await rename(temporary, path);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '') && (await isRepository(path))) return;
    throw error instanceof TrunklineError ? error : fileSystemError(error, path);
  }
}

async function isRepository(path: string): Promise<boolean> {
  return stat(join(path, 'HEAD')).then(
    () => true,
    () => false,
  );
}
