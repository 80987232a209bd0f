import type { Mirror } from '../../lib/git/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { CommitInfo, FormatName, Packaging, Project } from '../../model/index.ts';
import type { History } from './history.ts';
import { firstCommits, newCommits } from './new-commits.ts';

/** Why a revision is to be built. `history_rewritten`: its branch was forced or rebased away from what was built before. */
export type Why = 'first' | 'new_commit' | 'new_packaging' | 'history_rewritten';

export interface DiscoveredRevision {
  upstream: CommitInfo;
  distgit: CommitInfo;
  why: Why;
}

export interface Cursor {
  upstreamHash: string;
  distgitHash: string;
}

export interface Discovery {
  /** In history order: the first one is the oldest. */
  revisions: DiscoveredRevision[];
  /** The heads as they were seen, to be stored in the transaction that stores the revisions. */
  cursor: Cursor;
}

export interface DiscoveryRequest {
  project: Pick<Project, 'name' | 'upstream' | 'packaging'>;
  format: FormatName;
  /** Fetched by the caller. */
  mirrors: { upstream: Mirror; distgit: Mirror };
  /** What the last discovery answered; null when there was none. */
  cursor: Cursor | null;
  history: History;
  /** Where a project that was never built starts: a commit or tag (with it) or a date. null: at the branch's head. */
  since: string | null;
}

/**
 * What is new of a project's packaging in one format (DESIGN 6). Reads the mirrors and the history, writes nothing.
 * Every first-parent commit that was never processed comes with the newest packaging commit; a new packaging commit alone comes with the newest
 * upstream commit. Of a packaging repository of which only a directory is meant, only commits that changed that directory count.
 * @throws TrunklineError `source_invalid`, `not_found` as `Mirror.resolveBranch`, and for a `since` that the repository does not know.
 */
export async function discover(request: DiscoveryRequest): Promise<Discovery> {
  const { project, format, mirrors, cursor, history } = request;
  const packaging = project.packaging[format];
  if (packaging === undefined)
    throw new TrunklineError('invalid_argument', `${project.name} has no ${format} packaging in the configuration`);
  const head = await mirrors.upstream.resolveBranch(project.upstream.branch);
  const distgitHash = await packagingHead(mirrors.distgit, packaging);
  const next = { upstreamHash: head, distgitHash };
  if (cursor?.upstreamHash === head && cursor.distgitHash === distgitHash) return { revisions: [], cursor: next };
  const found =
    cursor === null
      ? await firstCommits(mirrors.upstream, head, history, request.since)
      : await newCommits(mirrors.upstream, head, history, cursor.upstreamHash);
  const distgit = await mirrors.distgit.commitInfo(distgitHash);
  if (found.commits.length > 0) {
    const revisions = found.commits.map((upstream) => ({ upstream, distgit, why: found.why }));
    return { revisions, cursor: next };
  }
  if (await history.hasPair(head, distgitHash)) return { revisions: [], cursor: next };
  const upstream = await mirrors.upstream.commitInfo(head);
  return { revisions: [{ upstream, distgit, why: 'new_packaging' }], cursor: next };
}

/** The newest commit of the packaging branch that concerns the packaging: one repository may hold that of many projects. */
async function packagingHead(mirror: Mirror, { branch, path }: Packaging): Promise<string> {
  const tip = await mirror.resolveBranch(branch);
  return path === '' ? tip : ((await mirror.lastCommitTouching(tip, path)) ?? tip);
}
