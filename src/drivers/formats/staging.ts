import { constants } from 'node:fs';
import { copyFile, mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileSystemError, TrunklineError } from '../../lib/index.ts';
import type { StageRequest } from '../../model/index.ts';

/** Where a source is staged, and the time its files get, so that packing it again gives the same bytes. Seconds since the epoch. */
export interface Stage {
  directory: string;
  time: number;
}

/** Writes a file of a staged source, which must not be there yet; parents are made. @throws TrunklineError `no_space`, `data_dir_unwritable`. */
export async function stageFile(
  stage: Stage,
  path: string,
  content: Uint8Array | string,
  executable = false,
): Promise<void> {
  await placeFile(stage, path, (target) =>
    writeFile(target, content, { flag: 'wx', mode: executable ? 0o755 : 0o644 }),
  );
}

/**
 * Puts the upstream tarball into a staged source. A copy (sharing blocks where the file system can), never a link: what happens to a staged
 * source in a build must not reach the tarball that other builds use.
 */
export async function stageTarball(stage: Stage, path: string, from: string): Promise<void> {
  await placeFile(stage, path, (target) =>
    copyFile(from, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
  );
}

async function placeFile(stage: Stage, path: string, write: (target: string) => Promise<void>): Promise<void> {
  const target = join(stage.directory, path);
  try {
    await mkdir(dirname(target), { recursive: true });
    await write(target);
    await utimes(target, stage.time, stage.time);
  } catch (error) {
    throw fileSystemError(error, target);
  }
}

/** @throws TrunklineError `invalid_argument` for a request whose strings could mean something to a spec, a shell or a path. */
export function checkStageRequest({ version, tarball }: StageRequest): void {
  const plain: [string, string | null, RegExp][] = [
    ['version', version.version, /^[A-Za-z0-9][A-Za-z0-9._+~^]*$/],
    ['release', version.release, /^[A-Za-z0-9][A-Za-z0-9._+~]*$/],
    ['base version', version.base, /^[A-Za-z0-9][A-Za-z0-9._+~!-]*$/],
    ['top directory', tarball.topDirectory, /^[A-Za-z0-9_][A-Za-z0-9._+~^-]*$/],
  ];
  for (const [what, text, pattern] of plain)
    if (text !== null && !pattern.test(text))
      throw new TrunklineError('invalid_argument', `${JSON.stringify(text)} cannot be the ${what} of a source package`);
}
