import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, fileSystemError } from '../lib/index.ts';
import type { IndexEntry, LocalRepository, PackageFile, Store } from '../model/index.ts';
import type { Fragments } from './fragments.ts';
import type { Layout } from './layout.ts';
import type { Manifest } from './manifest.ts';

/** Where the packages of a candidate lie that are in no pool yet. */
const NEW = 'new';

/**
 * The repository as `manifest` would have it, in `directory` (which exists and is empty), before the new packages among `files` are admitted. Those
 * are linked below `new/`; the rest is reached through a link to the pool.
 */
export async function writeCandidate(
  parts: { layout: Layout; store: Store; fragments: Fragments },
  request: { manifest: Manifest; files: readonly PackageFile[]; directory: string },
  writeIndex: (directory: string, entries: readonly IndexEntry[]) => Promise<void>,
): Promise<LocalRepository> {
  const { layout, store, fragments } = parts;
  const { manifest, files, directory } = request;
  const fresh = new Set(files.map((file) => file.sha256));
  await fragments.ofFiles(files, false);
  const texts = await fragments.ofPackages(manifest.packages);
  const entries = manifest.packages.map((one, n) => ({
    fragment: texts[n] ?? {},
    href: `${fresh.has(one.sha256) ? NEW : 'pool'}/${store.hrefOf(one.sha256, one.fileName)}`,
  }));
  try {
    await mkdir(layout.pool, { recursive: true });
    await symlink(layout.pool, join(directory, 'pool'));
    for (const file of files)
      await bring(file, join(directory, NEW, store.hrefOf(file.sha256, file.identity.fileName)));
    await writeIndex(directory, entries);
  } catch (error) {
    throw fileSystemError(error, directory);
  }
  return { path: directory, also: [layout.pool] };
}

async function bring(file: PackageFile, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await linkOrCopy(file.path, path);
  for (const companion of file.companions) await linkOrCopy(companion.path, join(dirname(path), companion.fileName));
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    if (!['EXDEV', 'EMLINK', 'EPERM'].includes(errnoOf(error) ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
  await chmod(to, 0o644);
}
