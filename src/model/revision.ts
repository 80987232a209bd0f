import type { FormatName } from './words.ts';

/** A commit as it is told to people. Times are seconds since the epoch, UTC. */
export interface CommitInfo {
  hash: string;
  authorName: string;
  authorEmail: string;
  authorTime: number;
  committerTime: number;
  subject: string;
}

/** What the version of a revision was computed from; recorded once, when it is first planned, and never computed again (DESIGN 5). */
export interface VersionInputs {
  /** All tags that pointed at ancestors when the revision was planned. */
  tags: readonly string[];
  /** Seconds: the larger of the commit's committer time and its first-parent predecessor's UTC + 1. */
  utc: number;
  /** First-parent commits of the distgit branch up to the distgit commit. */
  distgitCount: number;
  /** What `version.from: pep440` or `script` printed; null with `tags`. */
  reported: string | null;
}

/** A pair (upstream commit, distgit commit) of one project, for one format's packaging. */
export interface Revision {
  id: number;
  project: string;
  format: FormatName;
  upstream: CommitInfo;
  distgit: CommitInfo;
  /** Place in the project's and format's history: greater is newer in history order (DESIGN 6). */
  sequence: number;
  versionInputs: VersionInputs | null;
}
