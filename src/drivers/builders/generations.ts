import { randomBytes } from 'node:crypto';
import { access, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256, TrunklineError, writeAtomic } from '../../lib/index.ts';
import type { Target } from '../../model/index.ts';

/**
 * What `prepare` leaves for a target: a directory of a random name that `ready.json` names once it is whole, so that a refresh can go on beside builds and
 * a killed one leaves nothing that counts.
 */
export interface Prepared {
  /** Absolute path of the generation's directory. */
  generation: string;
  fingerprint: string;
}

const READY = z.object({ generation: z.string().regex(/^generation-[0-9a-f]+$/), fingerprint: z.string() });

/** The directory of a target in the builder's state. @throws TrunklineError `config_invalid` for a name that is no file name. */
export function targetDirectory(stateDirectory: string, target: Target): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(target.name))
    throw new TrunklineError(
      'config_invalid',
      `Target name ${JSON.stringify(target.name)} is not usable as a directory name`,
      {
        hint: 'use letters, digits, dots, hyphens, underscores',
      },
    );
  return join(stateDirectory, 'targets', target.name);
}

/** Raised when what `prepare` puts into roots changes, so that older ones are made anew. */
const FORM = 1;

/** Changes whenever the roots of a target would come out otherwise. */
export function fingerprintOf(target: Target): string {
  const { arch, dist, baseRepositories, buildPackages, installPackages, mockConfig } = target;
  return sha256(JSON.stringify([FORM, arch, dist, baseRepositories, buildPackages, installPackages, mockConfig]));
}

/** What was prepared for a target, or null when there is nothing that fits it as it is configured now. */
export async function readPrepared(stateDirectory: string, target: Target): Promise<Prepared | null> {
  const directory = targetDirectory(stateDirectory, target);
  const text = await readFile(join(directory, 'ready.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const parsed = READY.safeParse(safeJson(text));
  if (!parsed.success || parsed.data.fingerprint !== fingerprintOf(target)) return null;
  return { generation: join(directory, parsed.data.generation), fingerprint: parsed.data.fingerprint };
}

/** The name of a generation to be made. */
export function newGeneration(): string {
  return `generation-${randomBytes(6).toString('hex')}`;
}

/** Makes a whole generation the current one. */
export async function writePrepared(stateDirectory: string, target: Target, generationName: string): Promise<void> {
  const ready = { generation: generationName, fingerprint: fingerprintOf(target) };
  await writeAtomic(join(targetDirectory(stateDirectory, target), 'ready.json'), JSON.stringify(ready));
}

/** Removes generations that `ready.json` does not name and that nobody works in (`inUse`: paths in them). */
export async function removeOldGenerations(directory: string, inUse: Iterable<string>): Promise<void> {
  const text = await readFile(join(directory, 'ready.json'), 'utf8').catch(() => '');
  const current = READY.safeParse(safeJson(text)).data?.generation;
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    if (!name.startsWith('generation-') || name === current) continue;
    if ([...inUse].some((used) => used === path || used.startsWith(`${path}/`))) continue;
    await rm(path, { recursive: true, force: true });
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
