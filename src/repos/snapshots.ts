import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { allEnded, errnoOf, fileSystemError, openLastingFiles, syncDirectory } from '../lib/index.ts';
import type { PackageFormat, Signer } from '../model/index.ts';
import { linkByHash, readIndices, writeIndices, type Assembly, type IndexRecord } from './assembly/index.ts';
import { checkHash, TEMPORARY, type Layout } from './layout.ts';
import { signedFiles } from './sign.ts';

/** What a snapshot's files are made with. */
export interface SnapshotMaker {
  layout: Layout;
  format: PackageFormat;
  signer: Signer | null;
  /** What apt pins by. */
  origin: string;
  architectures: readonly string[];
}

/** What goes into a snapshot's directory. */
export interface SnapshotContent {
  assemblies: Promise<readonly Assembly[]>;
  clientFiles: readonly { fileName: string; content: string }[];
  /** Seconds since the epoch: what the index says, and when its files were changed as far as HTTP is concerned. */
  time: number;
  /** Sees that what has to last before the snapshot gets its name does: its list, its packages. Called once its files are written. */
  durable: () => Promise<unknown>;
}

export function snapshotDirectory(layout: Layout, hash: string): string {
  return join(layout.snapshots, checkHash(hash));
}

/** What the index of a snapshot is made of, or null when it does not exist as files. It gets its name last, so that what is there is whole. */
export function snapshotIndices(layout: Layout, hash: string): Promise<IndexRecord | null> {
  return readIndices(snapshotDirectory(layout, hash));
}

/** Builds a snapshot's directory under another name, makes it durable and only then gives it its own. Whoever comes second finds it done. */
export async function placeSnapshot(maker: SnapshotMaker, hash: string, content: SnapshotContent): Promise<void> {
  const { layout, format, origin, architectures } = maker;
  const directory = snapshotDirectory(layout, hash);
  const { time } = content;
  try {
    await mkdir(layout.snapshots, { recursive: true });
    const building = await mkdtemp(join(layout.snapshots, TEMPORARY));
    await using files = openLastingFiles(time);
    try {
      const top = join(building, hash);
      await mkdir(top);
      await symlink('../../pool', join(top, 'pool'));
      const assemblies = await content.assemblies;
      const first = format.indexOfIndices(assemblies, { time, architectures, origin });
      const writing = async () => {
        await writeIndices(top, assemblies, { files, format, time, byHash: layout.byHash });
        await linkByHash(top, directory, assemblies, { format, byHash: layout.byHash });
      };
      const signing = async () => {
        for (const file of await signedFiles(maker, first)) await files.write(join(top, file.path), [file.content]);
      };
      const others = [first, ...content.clientFiles.map(asPath)].map((file) =>
        files.write(join(top, file.path), [file.content]),
      );
      await allEnded([signing(), writing(), ...others]);
      await allEnded([files.settle(top), content.durable()]);
      await giveName(top, directory);
      await syncDirectory(layout.snapshots);
    } finally {
      await rm(building, { recursive: true, force: true });
    }
  } catch (error) {
    throw fileSystemError(error, layout.snapshots);
  }
}

/** Takes a snapshot's files away, in one step as far as anybody sees; its index files by digest stay. */
export async function removeSnapshot(layout: Layout, hash: string): Promise<void> {
  const leaving = await mkdtemp(join(layout.snapshots, TEMPORARY));
  await rename(snapshotDirectory(layout, hash), join(leaving, hash)).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw fileSystemError(error, layout.snapshots);
  });
  await rm(leaving, { recursive: true, force: true });
}

/** A snapshot that is there already was written by another call at the same time, from the same packages. */
async function giveName(built: string, path: string): Promise<void> {
  await rename(built, path).catch((error: unknown) => {
    if (!['EEXIST', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error;
  });
}

function asPath({ fileName, content }: { fileName: string; content: string }): { path: string; content: string } {
  return { path: fileName, content };
}
