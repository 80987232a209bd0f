import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  allEnded,
  errnoOf,
  fileSystemError,
  openLastingFiles,
  syncDirectory,
  TEMPORARY,
  temporaryBeside,
} from '../lib/index.ts';
import type { PackageFormat, Signer } from '../model/index.ts';
import {
  knownIndices,
  linkByHash,
  rememberIndices,
  writeIndices,
  type Assembly,
  type IndexRecord,
} from './assembly/index.ts';
import { checkHash, type Layout } from './layout.ts';
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
  return knownIndices(snapshotDirectory(layout, hash));
}

/** Builds a snapshot's directory under another name, makes it durable and only then gives it its own. Whoever comes second finds it done. */
export async function placeSnapshot(maker: SnapshotMaker, hash: string, content: SnapshotContent): Promise<void> {
  const { layout, format, origin, architectures } = maker;
  const directory = snapshotDirectory(layout, hash);
  const { time } = content;
  try {
    using files = openLastingFiles(time);
    const top = newDirectory(directory);
    try {
      symlinkSync('../../pool', join(top, 'pool'));
      const assemblies = await content.assemblies;
      const first = format.indexOfIndices(assemblies, { time, architectures, origin });
      const signing = async () => {
        for (const file of await signedFiles(maker, first)) await files.write(join(top, file.path), [file.content]);
      };
      const others = [first, ...content.clientFiles.map(asPath)].map((file) =>
        files.write(join(top, file.path), [file.content]),
      );
      const writing = writeIndices(top, assemblies, { files, format, time, byHash: layout.byHash });
      await allEnded([signing(), writing, ...others]);
      const record = await writing;
      linkByHash(top, directory, assemblies, { format, byHash: layout.byHash });
      await allEnded([files.settle(top), content.durable()]);
      if (giveName(top, directory)) rememberIndices(directory, record);
      else rmSync(top, { recursive: true });
      await syncDirectory(layout.snapshots);
    } catch (error) {
      rmSync(top, { recursive: true, force: true });
      throw error;
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

/** A directory beside a snapshot's, as deep as it, in which it can be made. */
function newDirectory(directory: string): string {
  const path = temporaryBeside(directory);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Whether it was free: a snapshot that is there already was written by another call at the same time, from the same packages. */
function giveName(built: string, path: string): boolean {
  try {
    renameSync(built, path);
    return true;
  } catch (error) {
    if (!['EEXIST', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error;
    return false;
  }
}

function asPath({ fileName, content }: { fileName: string; content: string }): { path: string; content: string } {
  return { path: fileName, content };
}
