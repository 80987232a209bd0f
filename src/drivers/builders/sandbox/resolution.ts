import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256, writeAtomic } from '../../../lib/index.ts';
import type { LocalRepository, Target } from '../../../model/index.ts';
import { indexFiles } from './base-repositories.ts';
import type { PreparedRoot } from './root-store.ts';

const resolutionSchema = z.object({ layer: z.string().nullable(), installed: z.array(z.string()) });

/** How many resolutions are kept; twice as many are put up with before the oldest go. */
const KEPT = 200;

/** What a set of build requirements comes to on one prepared root with one snapshot. */
export interface Resolution {
  /** The digest of the layer that has them; null when the prepared root has them all. */
  layer: string | null;
  /** Full names of the packages in the root. */
  installed: readonly string[];
}

/** A place to remember a resolution: the same requirements, snapshot and root resolve to the same. */
export interface ResolutionMemory {
  recall(): Promise<Resolution | undefined>;
  remember(resolution: Resolution): Promise<void>;
}

/** What was remembered is good for the same requirements while no repository on this machine has changed. */
export async function resolutionMemory(
  root: PreparedRoot,
  target: Target,
  repository: LocalRepository | null,
  requirements: readonly string[],
): Promise<ResolutionMemory> {
  const indices = indexFiles(target, repository);
  const contents = await Promise.all(indices.map((path) => readFile(path).catch(() => '')));
  const key = sha256(JSON.stringify([indices, contents.map((content) => sha256(content)), [...requirements].sort()]));
  const path = join(root.resolved, `${key}.json`);
  return {
    recall: async () => {
      const text = await readFile(path, 'utf8').catch(() => undefined);
      return text === undefined ? undefined : resolutionSchema.parse(JSON.parse(text));
    },
    remember: async (resolution) => {
      await writeAtomic(path, JSON.stringify(resolution));
      await forgetOldest(root.resolved);
    },
  };
}

const contentsSchema = z.array(z.string());

/** Full names of the packages in a prepared root with `layer` over it (null: without any). `list` is asked once for each: what has that name never changes. */
export async function rootContents(
  root: PreparedRoot,
  layer: string | null,
  list: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const path = join(root.resolved, `contents-${layer ?? 'none'}.json`);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text !== undefined) return contentsSchema.parse(JSON.parse(text));
  const contents = await list();
  await writeAtomic(path, JSON.stringify(contents));
  return contents;
}

/** Each snapshot makes new ones, so only the newest are of use. */
async function forgetOldest(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.length <= KEPT * 2) return;
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      time: (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  aged.sort((a, b) => b.time - a.time);
  for (const { name } of aged.slice(KEPT)) await rm(join(directory, name), { force: true });
}
