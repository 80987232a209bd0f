import { allEnded, waitedForLater } from '../lib/index.ts';
import type {
  Compression,
  IndexFragment,
  LocalRepository,
  PackageFile,
  PackageFormat,
  Signer,
  Store,
  Supplements,
} from '../model/index.ts';
import { createAssembler, keptChunks, type WholeText } from './assembly/index.ts';
import { closeBuildDirectory, writeBuildDirectory, type BuildDirectory } from './build-directory.ts';
import { writeCandidate } from './candidate.ts';
import { refuseMisplaced, type Components } from './components.ts';
import { strayPackages, sweepByHash } from './collect/files.ts';
import { openFragments } from './fragments.ts';
import { layoutOf, type BuildPlace } from './layout.ts';
import { snapshotLists } from './lists.ts';
import {
  differentContents,
  type Manifest,
  type ManifestDiff,
  type ManifestPackage,
  type ProjectPackages,
} from './manifest.ts';
import { recoverRepository, type Recovery } from './recover.ts';
import { snapshotFiles } from './materialise.ts';
import { moveRef, mustSign, readRef, removeRef, validUntil, type RefMaker } from './refs.ts';
import { snapshotDirectory } from './snapshots.ts';
import type { Owned } from './tree/holders.ts';
import { openTree, type NodeStore } from './tree/tree.ts';

export interface RepositoryOptions {
  /** `<data_dir>/repos/<target>`; made when it is needed. */
  directory: string;
  target: { name: string; arch: string };
  format: PackageFormat;
  /** A store whose pool is `<directory>/pool`, or is served there. */
  store: Store;
  /** Where the lists of packages are kept that snapshots consist of. */
  nodes: NodeStore;
  /** The URL under which `directory` is served; `file:///…` for one that is used on this machine only. */
  url: string;
  /** null: nothing is signed. */
  signer?: Signer | null;
  /** How index files are compressed. Default gzip, which every client reads. */
  compression?: Compression;
  /** Seconds for which apt may believe a ref's index (Valid-Until). Default null: for ever. */
  validFor?: number | null;
  /** The components that new snapshots have, the first for packages that name none. Default `main`. apt only. */
  components?: readonly string[];
}

/** The published repository of one target. It keeps files; which project, build and ref they belong to is the caller's to record. */
export interface Repository {
  /** Origin and Label of its index and name of its client files: `trunkline-<target>`. */
  readonly origin: string;
  readonly url: string;
  readonly pool: string;
  /** Where a package's file is or would be. */
  pathOf(one: { sha256: string; fileName: string }): string;
  /**
   * Takes packages into the store, as they are to be published, and keeps their index fragments; a second time is free. `published` answers the digests
   * under which full names were ever published in this target.
   * @throws TrunklineError `repository_conflict` for two contents with one full name; `package_invalid` for a component that the target does not have
   */
  admit(
    files: readonly PackageFile[],
    published?: (fullNames: readonly string[]) => Promise<ReadonlyMap<string, string>>,
  ): Promise<void>;
  /** The same, answering as soon as snapshots can be written of them: `stored` has to be waited for before any is recorded. */
  beginAdmission(
    files: readonly PackageFile[],
    published?: (fullNames: readonly string[]) => Promise<ReadonlyMap<string, string>>,
  ): Promise<{ stored: Promise<unknown> }>;
  /** Signed copies of packages in `directory` (empty), or the packages themselves where nothing is signed in this format or there is no key. */
  sign(files: readonly PackageFile[], directory: string): Promise<readonly PackageFile[]>;
  /**
   * The name of the snapshot that follows `parent` (null: the first) with all packages of a project replaced, and what it supplies. Nothing is written yet.
   * @throws TrunklineError `repository_conflict` when another project owns one of the names, of packages or of what is supplied
   */
  next(parent: string | null, change: ProjectPackages): Promise<string>;
  /** The same for many projects at once, each named once. */
  nextOfAll(parent: string | null, changes: readonly ProjectPackages[]): Promise<string>;
  /**
   * Writes a snapshot of packages that were all admitted: its list and its files; done already: nothing happens. `time` (seconds) is what its index
   * says; it is raised above that of the snapshot `after` it, which clients may have: apt and HTTP caches take an index of the same second for the
   * same index. Answers the time it says. It gets its name when its packages are `stored` too.
   */
  writeSnapshot(
    hash: string,
    options: { time: number; after: string | null; stored?: Promise<unknown> },
  ): Promise<number>;
  /** Makes the files of a snapshot that was written before, as if for the first time; `time` is what its index said. */
  materialise(hash: string, time: number): Promise<void>;
  /** Takes the files of a snapshot away; what it is stays known. */
  dematerialise(hash: string): Promise<void>;
  isMaterialised(hash: string): Promise<boolean>;
  /** The snapshots that exist as files, in no order. */
  materialised(): Promise<string[]>;
  /** When the files of a snapshot were asked for last, in milliseconds since the epoch: made, or to be made again. null: there are none. */
  materialisedAt(hash: string): Promise<number | null>;
  /** @throws TrunklineError `not_found`, `store_damaged` */
  readSnapshot(hash: string): Promise<Manifest>;
  ofProject(hash: string | null, project: string): Promise<ManifestPackage[]>;
  /** What a project supplies in a snapshot besides its packages. */
  supplementsOf(hash: string | null, project: string): Promise<Supplements>;
  /** What has to stand in the index files that are made of what projects supply. */
  wholeTexts(hash: string): Promise<WholeText[]>;
  /** Of each of some packages, those of some snapshots that have it, in their order. */
  holdersOf(hashes: readonly string[], packages: readonly Owned[]): Promise<string[][]>;
  count(hash: string): Promise<number>;
  diff(before: string | null, after: string | null): Promise<ManifestDiff>;
  /** The index entries of packages that were admitted, in their order; made again from the pool where they are lost. */
  fragments(packages: readonly ManifestPackage[]): Promise<readonly IndexFragment[]>;
  /** A snapshot as builders take it. */
  local(hash: string): LocalRepository;
  /**
   * The repository as the snapshot named by `next` would have it, written to the empty `directory`; `files` are the packages that are not admitted yet.
   * @throws TrunklineError `package_invalid` for a component that the target does not have
   */
  candidate(
    hash: string,
    files: readonly PackageFile[],
    options: { directory: string; time: number },
  ): Promise<LocalRepository>;
  /** Signs something, where refs that move to one of `hashes` would have to be signed: to be called before moves are recorded. @throws TrunklineError `signing_failed` */
  requireSigning(hashes: readonly string[]): Promise<void>;
  /** `now` is in seconds; by default this machine's clock says it. */
  moveRef(name: string, hash: string, now?: number): Promise<void>;
  readRef(name: string): Promise<string | null>;
  /** When clients of a ref stop believing its index (Valid-Until), in seconds since the epoch; null: never, or there is no such ref. */
  validUntil(name: string): Promise<number | null>;
  /** Takes a ref away, with all that leads to it; its snapshot stays. */
  removeRef(name: string): Promise<void>;
  writeBuildDirectory(build: BuildDirectory): Promise<string>;
  /** Puts a damaged file of the pool aside; answers where, or null when it is not there. */
  quarantine(sha256: string, fileName: string): Promise<string | null>;
  /** Takes the repository out of a build's directory; its logs stay. */
  closeBuildDirectory(build: BuildPlace & Pick<BuildDirectory, 'client'>): Promise<void>;
  /** Takes a package and its index entry away; nothing happens where it is not there. */
  removePackage(sha256: string): Promise<void>;
  /**
   * Removes what nothing names any more and nobody changed for a day: index files by digest, and packages but those of `known` digests. `now` is in
   * milliseconds. Answers how many. No snapshot may be written meanwhile.
   */
  sweep(known: ReadonlySet<string>, now: number): Promise<{ indices: number; packages: number }>;
  /** The same of index files alone. */
  sweepIndices(now: number): Promise<number>;
  /** Forgets lists of packages in memory: to be called when some were removed. */
  forget(): void;
  /** Start-up: removes leftovers and repairs refs. `now` as for `moveRef`. */
  recover(expected: Readonly<Record<string, string | null>>, now?: number): Promise<Recovery>;
}

/** Opens the repository of a target; touches nothing yet. */
export function openRepository(options: RepositoryOptions): Repository {
  const parts = openParts(options);
  const { maker, tree, fragments } = parts;
  const { target, format, store } = options;
  const { layout, origin, url, signer } = maker;

  return {
    ...{ origin, url, pool: layout.pool },
    pathOf: (one) => `${layout.pool}/${store.hrefOf(one.sha256, one.fileName)}`,
    ...admission(parts, options),
    sign: async (files, directory) =>
      signer === null || format.sign === undefined ? files : format.sign(files, signer, directory),
    ...snapshotLists(tree, { target: target.name, nodes: options.nodes, wholeParts: format.wholeParts }),
    fragments: (packages) => fragments.ofPackages(packages),
    local: (hash) => ({
      path: snapshotDirectory(layout, hash),
      also: format.layout.byHash === null ? [layout.pool] : [layout.pool, layout.byHash],
    }),
    candidate: (root, files, { directory, time }) =>
      writeCandidate({ ...parts, store }, { root, files, directory, time }),
    requireSigning: async (hashes) => {
      for (const hash of hashes) {
        if (!(await mustSign(maker, hash))) continue;
        await signer?.sign(Buffer.from(target.name), 'detached');
        return;
      }
    },
    moveRef: (name, hash, now = clock()) => moveRef(maker, name, hash, now),
    readRef: (name) => readRef(layout, name),
    validUntil: (name) => validUntil(maker, name),
    removeRef: (name) => removeRef(maker, name),
    writeBuildDirectory: (build) => writeBuildDirectory(maker, build),
    quarantine: (sha256, fileName) => store.quarantine(sha256, fileName),
    closeBuildDirectory: (build) => closeBuildDirectory(maker, build),
    ...snapshotFiles(parts),
    ...removals(parts, store),
    recover: async (expected, now = clock()) => {
      await store.recover();
      return recoverRepository(maker, expected, now);
    },
  };
}

type Parts = ReturnType<typeof openParts>;

function admission(
  { fragments, components }: Parts,
  { target, store }: Pick<RepositoryOptions, 'target' | 'store'>,
): Pick<Repository, 'admit' | 'beginAdmission'> {
  const beginAdmission: Repository['beginAdmission'] = async (files, published) => {
    await refuseConflicts(target.name, files, published);
    const copied = waitedForLater(store.putAll(files.map((file) => ({ ...file, fileName: file.identity.fileName }))));
    try {
      const made = await fragments.ofFiles(files);
      refuseMisplaced(components, files, made);
      const kept = fragments.keep(files, made);
      return { stored: waitedForLater(allEnded([copied, kept])) };
    } catch (error) {
      await Promise.allSettled([copied]);
      throw error;
    }
  };
  return {
    beginAdmission,
    admit: async (files, published) => {
      await (
        await beginAdmission(files, published)
      ).stored;
    },
  };
}

function openParts(options: RepositoryOptions) {
  const { target, format, store, signer = null, compression = 'gzip', validFor = null } = options;
  const components: Components = { target: target.name, format, components: options.components ?? ['main'] };
  const url = options.url.replace(/\/+$/, '');
  const layout = layoutOf(options.directory);
  const architectures = [target.arch];
  const maker: RefMaker = {
    ...{ layout, format, signer, architectures, url, validFor },
    ...{ origin: `trunkline-${target.name}`, target: target.name },
  };
  const tree = openTree(options.nodes);
  const fragments = openFragments(layout, format, store);
  const parts = format.indexParts({ architectures, components: components.components });
  const assembler = createAssembler({
    tree,
    compression,
    parts,
    wholes: format.wholeParts,
    fragmentsOf: (packages) => fragments.ofPackages(packages),
    hrefOf: (one) => `pool/${store.hrefOf(one.sha256, one.fileName)}`,
    kept: async () => {
      const current = await readRef(layout, 'current');
      return current === null ? [] : keptChunks(snapshotDirectory(layout, current), { format, parts, compression });
    },
  });
  return { maker, tree, fragments, assembler, components };
}

/** What the garbage collector does to files. */
function removals(
  { maker: { layout }, fragments }: Parts,
  store: Store,
): Pick<Repository, 'removePackage' | 'sweep' | 'sweepIndices'> {
  const removePackage = async (sha256: string) => {
    await store.remove(sha256);
    await fragments.remove(sha256);
  };
  return {
    removePackage,
    sweepIndices: (now) => sweepByHash(layout, now),
    sweep: async (known, now) => {
      const strays = await strayPackages(layout, known, now);
      for (const digest of strays) await removePackage(digest);
      await fragments.sweep(known, now);
      return { indices: await sweepByHash(layout, now), packages: strays.length };
    },
  };
}

function clock(): number {
  return Math.trunc(Date.now() / 1000);
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
