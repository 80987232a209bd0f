import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoOf, fileSystemError, sha256, syncDirectory, TrunklineError } from '../lib/index.ts';
import type { ClientFile } from '../model/index.ts';
import { checkHash, TEMPORARY, type Layout } from './layout.ts';
import { canonicalManifest, manifestHash, manifestSchema, type Manifest } from './manifest.ts';

const MANIFEST = 'manifest.json';
/** What is known of a snapshot besides what it is. */
const CIRCUMSTANCES = 'snapshot.json';
const circumstancesSchema = z.object({ time: z.int() });

/** What goes into a snapshot's directory besides its manifest. */
export interface SnapshotContent {
  clientFiles: readonly ClientFile[];
  /** Seconds since the epoch: what the index says, and when its files were changed as far as HTTP is concerned. */
  time: number;
  writeIndex(directory: string): Promise<void>;
}

/** Whether a snapshot is there, whole: it gets its name last. */
export async function hasSnapshot(layout: Layout, hash: string): Promise<boolean> {
  return (await readText(join(layout.snapshots, checkHash(hash), MANIFEST))) !== undefined;
}

/**
 * The manifest of a snapshot, proved by its hash.
 * @throws TrunklineError `not_found`, `store_damaged`
 */
export async function readSnapshot(layout: Layout, hash: string): Promise<Manifest> {
  const path = join(layout.snapshots, checkHash(hash), MANIFEST);
  const text = await readText(path);
  if (text === undefined)
    throw new TrunklineError('not_found', `There is no snapshot ${hash} of this repository`, { where: path });
  if (sha256(text) !== hash)
    throw new TrunklineError('store_damaged', `The manifest of snapshot ${hash} was changed`, {
      where: path,
      hint: 'restore the directory from a backup; a snapshot never changes after it is written',
    });
  return manifestSchema.parse(JSON.parse(text));
}

/** The time that a snapshot's index says, in seconds, or null for a snapshot that is not there. */
export async function snapshotTime(layout: Layout, hash: string): Promise<number | null> {
  const text = await readText(join(layout.snapshots, checkHash(hash), CIRCUMSTANCES));
  return text === undefined ? null : circumstancesSchema.parse(JSON.parse(text)).time;
}

/** Builds a snapshot's directory under another name, makes it durable and only then gives it its own. Whoever comes second finds it done. */
export async function placeSnapshot(layout: Layout, manifest: Manifest, content: SnapshotContent): Promise<string> {
  const hash = manifestHash(manifest);
  await mkdir(layout.snapshots, { recursive: true }).catch(rethrow(layout.snapshots));
  const building = await mkdtemp(join(layout.snapshots, TEMPORARY)).catch(rethrow(layout.snapshots));
  try {
    const top = join(building, hash);
    await mkdir(top);
    await symlink('../../pool', join(top, 'pool'));
    await content.writeIndex(top);
    for (const file of content.clientFiles) await writeFile(join(top, file.fileName), file.content);
    await writeFile(join(top, CIRCUMSTANCES), `${JSON.stringify({ time: content.time })}\n`);
    await writeFile(join(top, MANIFEST), canonicalManifest(manifest));
    await settle(top, content.time);
    await giveName(top, join(layout.snapshots, hash));
    await syncDirectory(layout.snapshots);
  } catch (error) {
    throw fileSystemError(error, building);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return hash;
}

/** A snapshot that is there already was written by another call at the same time, from the same packages. */
async function giveName(built: string, path: string): Promise<void> {
  await rename(built, path).catch((error: unknown) => {
    if (!['EEXIST', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error;
  });
}

/** Gives every file below a directory the snapshot's time and makes all of it durable. */
async function settle(directory: string, time: number): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) await settle(path, time);
      if (entry.isFile()) await settleFile(path, time);
    }),
  );
  await syncDirectory(directory);
}

async function settleFile(path: string, time: number): Promise<void> {
  await utimes(path, time, time);
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function rethrow(path: string) {
  return (error: unknown): never => {
    throw fileSystemError(error, path);
  };
}
