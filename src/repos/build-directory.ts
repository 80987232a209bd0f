import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fileSystemError, syncDirectory, TEMPORARY, TrunklineError } from '../lib/index.ts';
import { buildDirectoryPath, checkHash, linkTarget, type BuildPlace } from './layout.ts';
import { clientKeys, type RefMaker } from './refs.ts';
import { snapshotIndices } from './snapshots.ts';

/** A file of a build directory: its text, the file on this machine that is copied, or its bytes. */
export type BuildFile =
  | { fileName: string; content: string | Uint8Array }
  | { fileName: string; path: string }
  | { fileName: string; bytes: () => AsyncIterable<Uint8Array> };

export interface BuildDirectory extends BuildPlace {
  /** The snapshot the build was published in. null, as for a failure, or one that does not exist as files: no repository; links of an earlier success stay. */
  snapshot: string | null;
  /** The section and file name of the client file (DLRN: `delorean`), and its description. */
  client: { name: string; description: string };
  /** Logs, `versions.csv`, `commit.yaml`. */
  files: readonly BuildFile[];
}

/**
 * Writes DLRN's directory of a build: links to the repository it was published in, the client file, logs and whatever else the caller gives. Each
 * name appears or changes in one step; a second call replaces what has the same name.
 * Returns its path below the repository.
 */
export async function writeBuildDirectory(maker: RefMaker, build: BuildDirectory): Promise<string> {
  const { layout } = maker;
  const path = buildDirectoryPath(build);
  const directory = join(layout.directory, path);
  for (const { fileName } of build.files) checkFileName(fileName);
  try {
    await mkdir(directory, { recursive: true });
    const staging = await mkdtemp(join(layout.directory, TEMPORARY));
    try {
      const names = await stage(staging, directory, maker, build, path);
      for (const name of names) await rename(join(staging, name), join(directory, name));
      await syncDirectory(directory);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
    await syncParents(layout.directory, path);
  } catch (error) {
    throw fileSystemError(error, directory);
  }
  return path;
}

/**
 * Takes the repository out of a build's directory, because its snapshot goes: the links and the client files. Logs and whatever else there is stay.
 */
export async function closeBuildDirectory(
  maker: RefMaker,
  build: BuildPlace & Pick<BuildDirectory, 'client'>,
): Promise<void> {
  const { layout, format, origin } = maker;
  const path = buildDirectoryPath(build);
  const directory = join(layout.directory, path);
  const clientFiles = format.clientFiles({ ...build.client, url: `${maker.url}/${path}/`, origin, keys: null });
  const names = [...clientFiles.map(({ fileName }) => fileName), format.layout.directory, 'pool'];
  try {
    for (const name of names) await rm(join(directory, name), { force: true });
    await syncDirectory(directory).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
  } catch (error) {
    throw fileSystemError(error, directory);
  }
}

/** Puts all names of the directory into `staging`. The index comes last, so that what a client needs beside it is there before. */
async function stage(
  staging: string,
  directory: string,
  maker: RefMaker,
  build: BuildDirectory,
  path: string,
): Promise<string[]> {
  const { layout, format, origin } = maker;
  for (const file of build.files) await stageFile(join(staging, file.fileName), file);
  const names = build.files.map((file) => file.fileName);
  const record = build.snapshot === null ? null : await snapshotIndices(layout, build.snapshot);
  if (build.snapshot === null || record === null) return names;
  const components = format.componentsOf(record.indices);
  const url = `${maker.url}/${path}/`;
  const clientFiles = format.clientFiles({ ...build.client, url, origin, components, keys: await clientKeys(maker) });
  for (const file of clientFiles) await stageFile(join(staging, file.fileName), file);
  const index = format.layout.directory;
  const places = { pool: layout.pool, [index]: join(layout.snapshots, checkHash(build.snapshot), index) };
  for (const [name, place] of Object.entries(places))
    await symlink(linkTarget(join(directory, name), place), join(staging, name));
  return [...names, ...clientFiles.map((file) => file.fileName), ...Object.keys(places)];
}

async function stageFile(path: string, file: BuildFile): Promise<void> {
  if ('path' in file) await copyFile(file.path, path, constants.COPYFILE_FICLONE);
  else await writeFile(path, 'bytes' in file ? file.bytes() : file.content);
  const handle = await open(path, 'r');
  try {
    await handle.chmod(0o644);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncParents(top: string, path: string): Promise<void> {
  const parts = path.split('/').slice(0, -1);
  for (let depth = parts.length; depth >= 0; depth -= 1) await syncDirectory(join(top, ...parts.slice(0, depth)));
}

function checkFileName(fileName: string): void {
  if (/^[A-Za-z0-9_][A-Za-z0-9._+~-]{0,200}$/.test(fileName) && !['pool', 'repodata', 'dists'].includes(fileName))
    return;
  throw new TrunklineError('invalid_argument', `"${fileName}" cannot be a file of a build directory`, {
    hint: 'use one path component without unusual characters',
  });
}
