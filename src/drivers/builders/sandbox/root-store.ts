import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { replaceLink, sha256, TEMPORARY, TrunklineError, writeAtomic } from '../../../lib/index.ts';
import type { Target } from '../../../model/index.ts';
import { rootSchema } from './schema.ts';

/** Raised when what is in a prepared root changes, so that roots of an older release are made anew. */
const FORM = 1;

/** What builds for one target start from: a directory that nothing changes once it is there, but for `layers` and `resolved`. */
export interface PreparedRoot {
  id: string;
  directory: string;
  /** The root that packages are built in, before any build requirement. */
  build: string;
  /** The root of the install check. */
  clean: string;
  /** rpm: dnf's cache with the metadata of the base repositories. */
  cache: string;
  /** Holds the one directory, the builder's own, that a build works in. */
  work: string;
  /** Installed build requirements by digest. */
  layers: string;
  /** What requirements resolved to. */
  resolved: string;
}

export interface RootStore {
  /** The root in use for a target, kept until it is released; undefined when there is none for the target as it is configured now. */
  acquire(target: Target): Promise<{ root: PreparedRoot; release: () => Promise<void> } | undefined>;
  has(target: Target): Promise<boolean>;
  /** Lets `fill` make a new root, and puts it into use when it is whole. */
  replace(target: Target, fill: (root: PreparedRoot) => Promise<void>): Promise<void>;
  /** Removes roots that are half made or no longer in use. */
  recover(): Promise<void>;
}

export function createRootStore(stateDirectory: string): RootStore {
  const users = new Map<string, number>();
  const isIdle = (directory: string) => (users.get(directory) ?? 0) === 0;
  const current = async (target: Target) => {
    const top = join(stateDirectory, target.name);
    const link = await readlink(join(top, 'current')).catch(() => undefined);
    if (link === undefined) return undefined;
    const root = layout(join(top, link));
    const text = await readFile(join(root.directory, 'root.json'), 'utf8').catch(() => undefined);
    return text !== undefined && rootSchema.parse(JSON.parse(text)).key === keyOf(target) ? root : undefined;
  };
  const sweep = async (name: string) => {
    await removeUnused(join(stateDirectory, name), isIdle);
  };
  return {
    has: async (target) => (await current(target)) !== undefined,
    acquire: async (target) => {
      const root = await current(target);
      if (root === undefined) return undefined;
      users.set(root.directory, (users.get(root.directory) ?? 0) + 1);
      const release = async () => {
        const left = (users.get(root.directory) ?? 1) - 1;
        users.set(root.directory, left);
        if (left === 0 && (await current(target))?.directory !== root.directory) await sweep(target.name);
      };
      return { root, release };
    },
    replace: async (target, fill) => {
      await replaceRoot(join(stateDirectory, target.name), target, fill);
      await sweep(target.name);
    },
    recover: async () => {
      for (const name of await readdir(stateDirectory).catch(() => [])) await sweep(name);
    },
  };
}

async function replaceRoot(top: string, target: Target, fill: (root: PreparedRoot) => Promise<void>): Promise<void> {
  await mkdir(join(top, 'roots'), { recursive: true });
  const key = keyOf(target);
  const temporary = await mkdtemp(join(top, 'roots', TEMPORARY));
  try {
    const root = layout(temporary);
    for (const path of [root.build, root.clean, root.cache, root.work, root.layers, root.resolved]) await mkdir(path);
    await fill(root);
    await writeAtomic(join(temporary, 'root.json'), `${JSON.stringify({ key })}\n`);
    const id = `${key.slice(0, 12)}-${Date.now().toString(36)}`;
    await rename(temporary, join(top, 'roots', id));
    await replaceLink(join(top, 'current'), join('roots', id));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function removeUnused(top: string, isIdle: (directory: string) => boolean): Promise<void> {
  const inUse = await readlink(join(top, 'current')).catch(() => undefined);
  for (const name of await readdir(join(top, 'roots')).catch(() => [])) {
    const directory = join(top, 'roots', name);
    if (join('roots', name) === inUse || !isIdle(directory)) continue;
    await rm(directory, { recursive: true, force: true });
  }
  if (inUse === undefined || !isIdle(join(top, inUse))) return;
  for (const growing of ['layers', 'resolved'])
    for (const name of await readdir(join(top, inUse, growing)).catch(() => []))
      if (name.startsWith(TEMPORARY)) await rm(join(top, inUse, growing, name), { recursive: true, force: true });
}

function layout(directory: string): PreparedRoot {
  const at = (name: string) => join(directory, name);
  return {
    ...{ id: basename(directory), directory, build: at('build'), clean: at('clean'), cache: at('cache') },
    ...{ work: at('work'), layers: at('layers'), resolved: at('resolved') },
  };
}

/** Names everything that a prepared root is made from. */
function keyOf(target: Target): string {
  const { format, arch, root, baseRepositories, buildPackages, installPackages } = target;
  return sha256(JSON.stringify([FORM, format, arch, root, baseRepositories, buildPackages, installPackages]));
}

/** @throws TrunklineError `target_not_ready` */
export function notPrepared(target: Target): TrunklineError {
  return new TrunklineError('target_not_ready', `Target ${target.name} has no prepared root for its configuration`, {
    hint: `run: trunkline target prepare ${target.name}`,
  });
}
