import { chmodSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { breathe, cannotLink, errnoOf } from '../../lib/index.ts';
import type { InputFile } from './confined-reading.ts';

/** Files under other names, in a directory that a jail is shown as a whole: for many of them that is far less than a copy of each. */
export interface LinkedFiles extends AsyncDisposable {
  directory: string;
}

const PREFIX = 'trunkline-read-';
/** Milliseconds after which the directory of a process that is gone is nobody's: one of another host or container may be alive. */
const LEFT = 3_600_000;

/**
 * Hard links below a new directory, each at the path that `pathOf` says. Undefined where they cannot be had, and the files have to be copied: they lie
 * in another file system, or a jail's user may not read them. The directory goes with `dispose`.
 */
export async function linkTogether(
  files: readonly InputFile[],
  pathOf: (file: InputFile, place: number) => string,
): Promise<LinkedFiles | undefined> {
  removeLeft();
  // Nobody else gets past the directory around it.
  const around = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
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
    if (cannotLink(error)) return undefined;
    throw error;
  }
}

/** Removes what processes left that were killed meanwhile. */
function removeLeft(): void {
  for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(PREFIX))) {
    const path = join(tmpdir(), name);
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined || status.uid !== process.getuid?.() || Date.now() - status.mtimeMs < LEFT) continue;
    if (!isAlive(Number(name.slice(PREFIX.length).split('-')[0]))) rmSync(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}
