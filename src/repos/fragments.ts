import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { breathe, createMemory, errnoOf, namesIn, TrunklineError, writeAtomic } from '../lib/index.ts';
import type { IndexFragment, PackageFile, PackageFormat, Store } from '../model/index.ts';
import { STALE, takeAway } from './collect/files.ts';
import { openFragmentPacks } from './fragment-packs.ts';
import type { Layout } from './layout.ts';
import type { ManifestPackage } from './manifest.ts';

/** A fragment in memory, and whether this process has seen it kept. */
interface Held {
  fragment: IndexFragment;
  kept: boolean;
}

const fragmentSchema = z.record(z.string(), z.string());
/** So many and more at once go into packs. */
const MANY = 64;
/** Characters of fragments held in memory, so that the next snapshot reads no file again, and the milliseconds without use after which none are: most checks of an installation are shorter. */
const MEMORY = 64e6;
const IDLE = 600_000;

export interface Fragments {
  /** The fragments of files that lie somewhere, in the order given; made once per digest. */
  ofFiles(files: readonly PackageFile[]): Promise<IndexFragment[]>;
  /** Keeps fragments of files, so that they outlive this process. */
  keep(files: readonly PackageFile[], fragments: readonly IndexFragment[]): Promise<void>;
  /** The fragments of packages of a manifest, in their order. A kept one that is lost or damaged is made again from the package in the pool. */
  ofPackages(packages: readonly ManifestPackage[]): Promise<IndexFragment[]>;
  /** Takes a package's fragments away; what a pack has of it goes with the last of that pack. */
  remove(digest: string): Promise<void>;
  /** Takes packs away of which no package is among `known`. `now` is in milliseconds. */
  sweep(known: ReadonlySet<string>, now: number): Promise<void>;
}

/** Index entries by package digest, kept in `fragments/<aa>/<sha256>.<version>.json`, or many together in `fragments/packs/`. */
export function openFragments(layout: Layout, format: PackageFormat, store: Store): Fragments {
  const weigh = ({ fragment }: Held) => Object.values(fragment).reduce((sum, text) => sum + text.length, 0);
  const memory = createMemory(MEMORY, weigh, { idle: IDLE });
  const kept = openFiles(layout, format.fragmentVersion);
  /** More than the memory may hold, of packages that are perhaps not in the pool yet. */
  const beingKept = new Map<string, IndexFragment>();
  const known = (digest: string) => {
    const held = memory.get(digest)?.fragment ?? beingKept.get(digest);
    if (held !== undefined) return held;
    const fragment = kept.read(digest);
    if (fragment !== undefined) memory.set(digest, { fragment, kept: true });
    return fragment;
  };
  const allKnown = async (packages: readonly { sha256: string }[]) => {
    const found: (IndexFragment | undefined)[] = [];
    for (const { sha256 } of packages) {
      found.push(known(sha256));
      await breathe();
    }
    return found;
  };

  const ofFiles = async (files: readonly PackageFile[]) => {
    const found = await allKnown(files);
    const missing = files.filter((_, n) => found[n] === undefined);
    const made = missing.length === 0 ? [] : await format.fragments(missing);
    missing.forEach((file, n) => {
      memory.set(file.sha256, { fragment: present(made[n], file.path), kept: false });
    });
    const byDigest = new Map(missing.map((file, n) => [file.sha256, made[n]]));
    return files.map((file, n) => present(found[n] ?? byDigest.get(file.sha256), file.path));
  };
  const keep = async (files: readonly PackageFile[], all: readonly IndexFragment[]) => {
    const fresh = new Map(
      files.flatMap(({ sha256, path }, n) =>
        memory.get(sha256)?.kept === true ? [] : [[sha256, present(all[n], path)] as const],
      ),
    );
    for (const [digest, fragment] of fresh) beingKept.set(digest, fragment);
    try {
      await kept.write(fresh);
      for (const [digest, fragment] of fresh) memory.set(digest, { fragment, kept: true });
    } finally {
      for (const digest of fresh.keys()) beingKept.delete(digest);
    }
  };

  const ofPackages = async (packages: readonly ManifestPackage[]) => {
    const found = await allKnown(packages);
    const lost = packages.filter((_, n) => found[n] === undefined);
    if (lost.length === 0) return found.map((one) => present(one, 'a package'));
    const files = await format.identify(lost.map((one) => join(layout.pool, store.hrefOf(one.sha256, one.fileName))));
    lost.forEach((one, n) => {
      if (files[n]?.sha256 !== one.sha256) throw damagedPackage(one);
    });
    const again = await ofFiles(files);
    await keep(files, again);
    const byDigest = new Map(lost.map((one, n) => [one.sha256, again[n]]));
    return packages.map((one, n) => present(found[n] ?? byDigest.get(one.sha256), one.fullName));
  };

  return { ofFiles, ofPackages, keep, remove: kept.remove, sweep: kept.sweep };
}

/** Where fragments are kept. */
function openFiles(layout: Layout, version: number) {
  const packs = openFragmentPacks(join(layout.fragments, 'packs'), version);
  const directoryOf = (digest: string) => join(layout.fragments, digest.slice(0, 2));
  const pathOf = (digest: string) => join(directoryOf(digest), `${digest}.${version}.json`);
  return {
    read: (digest: string) => parsed(readLoose(pathOf(digest))) ?? parsed(packs.read(digest)),
    // Cut or emptied by a power cut it is no JSON any more, and made again.
    write: async (fresh: ReadonlyMap<string, IndexFragment>) => {
      const texts = [...fresh].map(([digest, fragment]) => [digest, JSON.stringify(fragment)] as const);
      if (texts.length >= MANY) await packs.write(texts);
      else for (const [digest, text] of texts) await writeAtomic(pathOf(digest), text, { durable: false });
    },
    remove: async (digest: string) => {
      const directory = directoryOf(digest);
      for (const name of await namesIn(directory))
        if (name.startsWith(`${digest}.`)) await takeAway(join(directory, name), directory);
    },
    sweep: async (packages: ReadonlySet<string>, now: number) => {
      for (const path of packs.unused(packages, now, STALE)) await takeAway(path, dirname(path));
    },
  };
}

function readLoose(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parsed(text: string | undefined): IndexFragment | undefined {
  if (text === undefined) return undefined;
  try {
    return fragmentSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

function present(fragment: IndexFragment | undefined, of: string): IndexFragment {
  if (fragment === undefined) throw new Error(`the format made no fragment of ${of}`);
  return fragment;
}

function damagedPackage(one: ManifestPackage): TrunklineError {
  return new TrunklineError('store_damaged', `The package ${one.fullName} in the pool is not ${one.sha256}`, {
    where: one.fullName,
    hint: 'restore the pool from a backup, or rebuild the package with a forced rebuild',
  });
}
