import type { PackageVersion } from './ports/format.ts';
import type { AttemptKind, BuildResult, BuildState, FailureReason, SkipReason } from './words.ts';

/** Everything a build was made from, recorded with each attempt (DESIGN 2). */
export interface BuildInputs {
  upstreamCommit: string;
  distgitCommit: string;
  target: string;
  /** The hash of the snapshot of the target it was built against, or null for an empty repository. */
  snapshot: string | null;
  /** Base repositories as used, each with its id, address and revision (repomd or Release digest) when known. */
  baseRepositories: readonly { id: string; address: string; revision: string | null }[];
  builder: string;
  builderVersion: string;
  /** The version its packages were given; null when it failed before there was one. */
  version: PackageVersion | null;
  /** Full names of the packages in the build root while it built. */
  buildroot: readonly string[];
  /** Full names of snapshot packages that were installed by the install check. */
  installed: readonly string[];
}

export interface Build {
  id: number;
  project: string;
  target: string;
  revisionId: number;
  state: BuildState;
  /** What the last decisive attempt came to. Kept while a recheck or a forced rebuild is pending or running: nothing published is forgotten by trying again. */
  result: BuildResult | null;
  reason: FailureReason | SkipReason | null;
  /** One line for people: the resolver's words, the patch that does not apply. */
  detail: string | null;
  /** The snapshot in which its packages were published. */
  snapshot: string | null;
  createdAt: number;
  finishedAt: number | null;
}

export interface Attempt {
  id: number;
  buildId: number;
  /** 1, 2, 3… within the build. */
  number: number;
  kind: AttemptKind;
  /** k of a forced rebuild's `.r<k>` (deb `+b<k>`); 0 for a build that has not been published yet. */
  rebuild: number;
  /** Claim order: smaller first, then the commit's time. */
  priority: number;
  state: BuildState;
  result: BuildResult | null;
  reason: FailureReason | SkipReason | null;
  detail: string | null;
  /** Fencing number: greater with each claim. */
  lease: number;
  worker: string | null;
  leaseExpiresAt: number | null;
  /** Not to be claimed before (milliseconds since the epoch): the back-off of a retry. */
  notBefore: number;
  startedAt: number | null;
  finishedAt: number | null;
  /** Directory of the attempt's logs; null before it has one. */
  logs: string | null;
  inputs: BuildInputs | null;
  /** Seconds by phase: `source`, `resolve`, `build`, `verify`, `publish`, `overhead`… */
  timings: Readonly<Record<string, number>>;
}
