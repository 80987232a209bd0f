import { join, resolve } from 'node:path';
import { mirrorName, transportOf, type Transport } from './address.ts';
import { archive, type ArchiveRequest } from './archive.ts';
import { createBare } from './bare.ts';
import { resolveBranch } from './branches.ts';
import { type Repository } from './command.ts';
import { readConfigBlob } from './config-blob.ts';
import {
  commitInfo,
  firstParentCount,
  firstParentWalk,
  hasCommit,
  isAncestor,
  lastCommitTouching,
  mergeBase,
  reachableTags,
  resolveCommit,
  resolveTag,
  type GitCommit,
  type Walk,
  type WalkOptions,
} from './commits.ts';
import { fetchAll, fetchCommit, remoteTips, type FetchOptions } from './fetch.ts';
import { createLineTimes } from './line-times.ts';
import { listTree, readBlobs, type ListLimits, type TreeEntry } from './tree.ts';

/** A bare copy of a repository, with its branches under `refs/heads/` and its tags under `refs/tags/`. Made for one run: it remembers walks. */
export interface Mirror extends Repository {
  readonly url: string;
  readonly transport: Transport;
  /**
   * Brings branches and tags up to date: forced and deleted ones too. Objects are never removed, so that a commit once built can be built again.
   * Several processes may fetch at once; they take turns. A fetch that is killed leaves the mirror as it was.
   * @throws TrunklineError `project_unreachable`, `source_invalid` for damaged objects, `no_space`.
   */
  fetch(options?: FetchOptions): Promise<void>;
  /** What the remote has, in one digest: when it is as at the last fetch, there is nothing new. @throws TrunklineError as `fetch` */
  remoteTips(options?: FetchOptions): Promise<string>;
  /** Fetches one commit that no branch or tag leads to, and keeps it. @throws TrunklineError as `fetch`, when the server does not give it too. */
  fetchCommit(hash: string, options?: FetchOptions): Promise<void>;
  /** The commit a branch points at. @throws TrunklineError `source_invalid` (empty repository, no branch name), `not_found` naming the branches there are. */
  resolveBranch(name: string): Promise<string>;
  /** The commit that a hash (also abbreviated), a tag or a branch means, or undefined. */
  resolveCommit(name: string): Promise<string | undefined>;
  /** The commit that the tag of exactly this name leads to, or undefined. */
  resolveTag(tag: string): Promise<string | undefined>;
  hasCommit(hash: string): Promise<boolean>;
  /** @throws TrunklineError `not_found`. */
  commitInfo(hash: string): Promise<GitCommit>;
  /** The first-parent line that ends in `to`, oldest first: all of it, or what of it `from` does not lead to. */
  firstParentWalk(from: string | null, to: string, options?: WalkOptions): Promise<Walk>;
  /** Commits on the first-parent line that ends in `commit`; with `path`, those that changed it. */
  firstParentCount(commit: string, path?: string): Promise<number>;
  /** The newest commit on the first-parent line that changed `path`, or undefined. */
  lastCommitTouching(commit: string, path: string): Promise<string | undefined>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  mergeBase(a: string, b: string): Promise<string | undefined>;
  /** Tags that point at `commit` or an ancestor of it, sorted by name. */
  reachableTags(commit: string): Promise<string[]>;
  /** Seconds: UTC of DESIGN 5, a function of the commit alone. See `createLineTimes`. */
  utcOf(commit: string): Promise<number>;
  /** The files at and below `path` ('' for all), in git's order. @throws TrunklineError `source_invalid`, `not_found` when there is no such directory. */
  listTree(commit: string, path: string, limits: ListLimits): Promise<TreeEntry[]>;
  /** The keys of a file in git's configuration form, lower-cased as git does, each with its values in order. @throws TrunklineError `source_invalid`. */
  readConfigBlob(object: string): Promise<Map<string, string[]>>;
  /** Writes the tree of a commit as a tar file. See `archive`. */
  archive(request: ArchiveRequest): Promise<void>;
  /** Contents by object name. The caller has checked the sizes. */
  readBlobs(objects: readonly string[]): Promise<Map<string, Uint8Array>>;
}

export interface MirrorOptions {
  /** The address was found in somebody's `.gitmodules`, not in our configuration. */
  submodule?: boolean;
  /** Where it is fetched from in place of its address: a server's mirror of it. */
  origin?: { url: string; headers: readonly string[] };
}

/**
 * The mirror of `url` below `directory` (`<data_dir>/git`), made empty when it is not there yet.
 * @throws TrunklineError `source_invalid` for an address git must not be given, `data_dir_unwritable`, `no_space`.
 */
export async function openMirror(directory: string, url: string, options: MirrorOptions = {}): Promise<Mirror> {
  const transport = transportOf(url);
  const path = join(resolve(directory), mirrorName(url));
  await createBare(path);
  const repository: Repository = { path };
  const origin =
    options.origin === undefined ? {} : { origin: { ...options.origin, transport: transportOf(options.origin.url) } };
  const remote = { path, url, transport, ...origin, chosen: !(options.submodule ?? false) };
  return {
    path,
    url,
    transport,
    fetch: (options) => fetchAll(remote, options ?? {}),
    remoteTips: (options) => remoteTips(remote, options ?? {}),
    fetchCommit: (hash, options) => fetchCommit(remote, hash, options ?? {}),
    resolveBranch: (name) => resolveBranch(remote, name),
    resolveCommit: (name) => resolveCommit(repository, name),
    resolveTag: (tag) => resolveTag(repository, tag),
    hasCommit: (hash) => hasCommit(repository, hash),
    commitInfo: (hash) => commitInfo(repository, hash),
    firstParentWalk: (from, to, options) => firstParentWalk(repository, from, to, options ?? {}),
    firstParentCount: (commit, below) => firstParentCount(repository, commit, below),
    lastCommitTouching: (commit, below) => lastCommitTouching(repository, commit, below),
    isAncestor: (ancestor, descendant) => isAncestor(repository, ancestor, descendant),
    mergeBase: (a, b) => mergeBase(repository, a, b),
    reachableTags: (commit) => reachableTags(repository, commit),
    utcOf: createLineTimes(repository),
    listTree: (commit, below, limits) => listTree(repository, commit, below, limits),
    readConfigBlob: (object) => readConfigBlob(repository, object),
    archive: (request) => archive(repository, request),
    readBlobs: (objects) => readBlobs(repository, objects),
  };
}
