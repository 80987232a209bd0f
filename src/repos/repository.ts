import type { IndexEntry, LocalRepository, PackageFile, PackageFormat, Signer, Store } from '../model/index.ts';
import { writeBuildDirectory, type BuildDirectory } from './build-directory.ts';
import { writeCandidate } from './candidate.ts';
import { openFragments } from './fragments.ts';
import { layoutOf } from './layout.ts';
import { differentContents, manifestHash, type Manifest } from './manifest.ts';
import { recoverRepository, type Recovery } from './recover.ts';
import { moveRef, readRef } from './refs.ts';
import { hasSnapshot, placeSnapshot, readSnapshot, snapshotTime } from './snapshots.ts';

export interface RepositoryOptions {
  /** `<data_dir>/repos/<target>`; made when it is needed. */
  directory: string;
  target: { name: string; arch: string };
  format: PackageFormat;
  /** A store whose pool is `<directory>/pool`, or is served there. */
  store: Store;
  /** The URL under which `directory` is served; `file:///…` for one that is used on this machine only. */
  url: string;
  /** Signs packages on entry and metadata per ref; null: neither is signed. Default null. */
  signer?: Signer | null;
}

/** The published repository of one target. It keeps files; which project, build and ref they belong to is the caller's to record. */
export interface Repository {
  /** Origin and Label of its index and name of its client files: `trunkline-<target>`. */
  readonly origin: string;
  readonly url: string;
  readonly pool: string;
  /**
   * Takes packages into the store and keeps their index fragments; a second time is free. `published` answers the digests under which full names
   * were ever published in this target.
   * @throws TrunklineError `repository_conflict` for two contents with one full name
   */
  admit(
    files: readonly PackageFile[],
    published?: (fullNames: readonly string[]) => Promise<ReadonlyMap<string, string>>,
  ): Promise<void>;
  /**
   * Writes a snapshot of packages that were all admitted, and returns its hash; done already: nothing happens. `time` (seconds) is what its index
   * says; it is raised above that of the snapshot `after` it, which clients may have: apt and HTTP caches take an index of the same second for the
   * same index.
   */
  writeSnapshot(manifest: Manifest, options: { time: number; after: string | null }): Promise<string>;
  readSnapshot(hash: string): Promise<Manifest>;
  /** A snapshot as builders take it. */
  local(hash: string): LocalRepository;
  /** The repository as `manifest` would have it, written to the empty `directory`; `files` are the packages that are not admitted yet. */
  candidate(
    manifest: Manifest,
    files: readonly PackageFile[],
    options: { directory: string; time: number },
  ): Promise<LocalRepository>;
  moveRef(name: string, hash: string): Promise<void>;
  readRef(name: string): Promise<string | null>;
  writeBuildDirectory(build: BuildDirectory): Promise<string>;
  /** Start-up: removes leftovers and repairs refs. */
  recover(expected: Readonly<Record<string, string | null>>): Promise<Recovery>;
}

/** Opens the repository of a target; touches nothing yet. */
export function openRepository(options: RepositoryOptions): Repository {
  const { directory, target, format, store } = options;
  const url = options.url.replace(/\/+$/, '');
  const layout = layoutOf(directory);
  const fragments = openFragments(layout, format, store);
  const origin = `trunkline-${target.name}`;
  const client = { format, url, origin, target: target.name };
  const indexer = (time: number) => (into: string, entries: readonly IndexEntry[]) =>
    format.writeIndex(into, entries, { time, architectures: [target.arch], origin });

  const writeSnapshot: Repository['writeSnapshot'] = async (manifest, { time, after }) => {
    const hash = manifestHash(manifest);
    if (await hasSnapshot(layout, hash)) return hash;
    const before = after === null ? null : await snapshotTime(layout, after);
    const stamp = before === null ? time : Math.max(time, before + 1);
    const texts = await fragments.ofPackages(manifest.packages);
    const entries = manifest.packages.map((one, n) => ({
      fragment: texts[n] ?? {},
      href: `pool/${store.hrefOf(one.sha256, one.fileName)}`,
    }));
    const description = `Trunkline packages of ${target.name}, snapshot ${hash.slice(0, 12)}`;
    const clientFiles = format.clientFiles({ name: origin, url: `${url}/snapshots/${hash}/`, description, origin });
    const writeIndex = (into: string) => indexer(stamp)(into, entries);
    return placeSnapshot(layout, manifest, { clientFiles, time: stamp, writeIndex });
  };

  return {
    ...{ origin, url, pool: layout.pool, writeSnapshot },
    admit: async (files, published) => {
      await refuseConflicts(target.name, files, published);
      for (const file of files) await store.put({ ...file, fileName: file.identity.fileName });
      await fragments.ofFiles(files, true);
    },
    readSnapshot: (hash) => readSnapshot(layout, hash),
    local: (hash) => ({ path: `${layout.snapshots}/${hash}`, also: [layout.pool] }),
    candidate: (manifest, files, { directory: into, time }) =>
      writeCandidate({ layout, store, fragments }, { manifest, files, directory: into }, indexer(time)),
    moveRef: (name, hash) => moveRef(layout, client, name, hash),
    readRef: (name) => readRef(layout, name),
    writeBuildDirectory: (build) => writeBuildDirectory(layout, client, build),
    recover: async (expected) => {
      await store.recover();
      return recoverRepository(layout, client, expected);
    },
  };
}

async function refuseConflicts(
  target: string,
  files: readonly PackageFile[],
  published: ((fullNames: readonly string[]) => Promise<ReadonlyMap<string, string>>) | undefined,
): Promise<void> {
  const known = new Map(await published?.(files.map((file) => file.identity.fullName)));
  for (const file of files) {
    const { fullName } = file.identity;
    const digest = known.get(fullName);
    if (digest !== undefined && digest !== file.sha256)
      throw differentContents(target, { fullName, sha256: digest }, file);
    known.set(fullName, file.sha256);
  }
}
