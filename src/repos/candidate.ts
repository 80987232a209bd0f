import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cannotLink, errnoOf, fileSystemError, openLastingFiles } from '../lib/index.ts';
import type { LocalRepository, PackageFile, Store } from '../model/index.ts';
import { writeIndices, type Assembler } from './assembly/index.ts';
import { refuseMisplaced, type Components } from './components.ts';
import type { Fragments } from './fragments.ts';
import type { SnapshotMaker } from './snapshots.ts';

/** Where the packages of a candidate lie that are in no pool yet. */
const NEW = 'new';

/**
 * The repository as the snapshot `root` would have it, in `directory` (which exists and is empty), before the new packages among `files` are admitted.
 * Those are linked below `new/`; the rest is reached through a link to the pool. Nothing of it is signed.
 * @throws TrunklineError `package_invalid` for a component that the target does not have
 */
export async function writeCandidate(
  parts: { maker: SnapshotMaker; store: Store; fragments: Fragments; assembler: Assembler; components: Components },
  request: { root: string; files: readonly PackageFile[]; directory: string; time: number },
): Promise<LocalRepository> {
  const { maker, store, fragments, assembler, components } = parts;
  const { layout, format, origin, architectures } = maker;
  const { root, files, directory, time } = request;
  refuseMisplaced(components, files, await fragments.ofFiles(files));
  const hrefOf = (file: PackageFile) => `${NEW}/${store.hrefOf(file.sha256, file.identity.fileName)}`;
  const assemblies = await assembler.assemble(root, new Map(files.map((file) => [file.sha256, hrefOf(file)])));
  try {
    await mkdir(layout.pool, { recursive: true });
    await symlink(layout.pool, join(directory, 'pool'));
    for (const file of files) await bring(file, join(directory, hrefOf(file)));
    const first = format.indexOfIndices(assemblies, { time, architectures, origin, byHash: false });
    using written = openLastingFiles(time, { durable: false });
    await writeIndices(directory, assemblies, { files: written, format, time, byHash: null });
    await written.write(join(directory, first.path), [first.content]);
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
    if (!cannotLink(error)) throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
  await chmod(to, 0o644);
}
