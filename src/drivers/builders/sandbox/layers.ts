import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, temporaryBeside } from '../../../lib/index.ts';
import type { Jail, JailRoot } from '../../../lib/jail/index.ts';

/** How many sets of build requirements are kept per prepared root. */
const KEPT = 50;
const users = new Map<string, number>();

export interface Layer {
  directory: string;
  release(): void;
}

/** The digests of a root's layers, whole ones only. */
export async function listLayers(layers: string): Promise<string[]> {
  return (await readdir(layers)).filter((name) => !name.startsWith('.'));
}

/** The layer of that digest, kept until it is released; undefined when it is not there (any more). */
export async function takeLayer(layers: string, digest: string): Promise<Layer | undefined> {
  const directory = join(layers, digest);
  users.set(directory, (users.get(directory) ?? 0) + 1);
  const release = () => {
    const left = (users.get(directory) ?? 1) - 1;
    if (left > 0) users.set(directory, left);
    else users.delete(directory);
  };
  try {
    const now = new Date();
    await utimes(directory, now, now);
    return { directory, release };
  } catch (error) {
    release();
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Keeps what was installed above a prepared root for the next build that resolves to the same, and lets the least recently used ones go. */
export async function saveLayer(jail: Jail, root: JailRoot, layers: string, digest: string): Promise<void> {
  const temporary = temporaryBeside(join(layers, digest));
  await jail.saveUpper(root, temporary);
  // Another build was first with the same.
  await rename(temporary, join(layers, digest)).catch(() => rm(temporary, { recursive: true, force: true }));
  await dropOldest(layers);
}

async function dropOldest(layers: string): Promise<void> {
  const names = await listLayers(layers);
  if (names.length <= KEPT) return;
  const aged = await Promise.all(
    names.map(async (name) => ({ name, time: (await stat(join(layers, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  aged.sort((a, b) => a.time - b.time);
  for (const { name } of aged.slice(0, names.length - KEPT)) {
    const directory = join(layers, name);
    if (users.has(directory)) continue;
    // Renamed first, so that nobody takes a layer that is half gone.
    const doomed = temporaryBeside(directory);
    await rename(directory, doomed).catch(() => undefined);
    await rm(doomed, { recursive: true, force: true });
  }
}
