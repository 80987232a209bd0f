import { chmodSync, linkSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { breathe, errnoOf } from '../../lib/index.ts';
import type { InputFile } from './confined-reading.ts';

/** Files under other names, in a directory that a jail is shown as a whole: for many of them that is far less than a copy of each. */
export interface LinkedFiles extends AsyncDisposable {
  directory: string;
}

/**
 * Hard links below a new directory, each at the path that `pathOf` says. Undefined where they cannot be had, and the files have to be copied: they lie
 * in another file system, or a jail's user may not read them. The directory goes with `dispose`.
 */
export async function linkTogether(
  files: readonly InputFile[],
  pathOf: (file: InputFile, place: number) => string,
): Promise<LinkedFiles | undefined> {
  // Nobody else gets past the directory around it.
  const around = mkdtempSync(join(tmpdir(), 'trunkline-read-'));
  const directory = join(around, 'in');
  const remove = () => rm(around, { recursive: true, force: true });
  try {
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    for (const [place, file] of files.entries()) {
      const path = join(directory, pathOf(file, place));
      mkdirSync(dirname(path));
      linkSync(file.path, path);
      if ((statSync(path).mode & 0o004) === 0) throw Object.assign(new Error(`${path} is private`), { code: 'EPERM' });
      await breathe();
    }
    return { directory, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    if (['EXDEV', 'EMLINK', 'EPERM'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
