import type { Mirror } from '../../lib/git/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { CommitInfo } from '../../model/index.ts';
import type { Why } from './discover.ts';
import type { History } from './history.ts';

export interface FoundCommits {
  /** Oldest first; empty when the head was processed before. */
  commits: CommitInfo[];
  why: Why;
}

/** Of a project that was never built: its head, or its first-parent line from `since` on. */
export async function firstCommits(
  mirror: Mirror,
  head: string,
  history: History,
  since: string | null,
): Promise<FoundCommits> {
  const line = since === null ? [await mirror.commitInfo(head)] : await lineSince(mirror, head, since);
  return { commits: await afterNewestProcessed(line, history), why: 'first' };
}

/**
 * The commits between `last`, the head that was processed last, and `head`. When `last` is on the line, those after it. When it is not, the branch
 * was rewritten: those after the newest commit both histories share or that was processed before; the head alone when they share nothing, since then
 * this is another project's history.
 */
export async function newCommits(mirror: Mirror, head: string, history: History, last: string): Promise<FoundCommits> {
  if (head === last) return { commits: [], why: 'new_commit' };
  const lastIsThere = await mirror.hasCommit(last);
  const walk = await mirror.firstParentWalk(lastIsThere ? last : null, head);
  if (walk.below === last) return { commits: await afterNewestProcessed(walk.commits, history), why: 'new_commit' };
  // Moved back to a commit that lies below everything built so far.
  if (walk.commits.length === 0)
    return { commits: await afterNewestProcessed([await mirror.commitInfo(head)], history), why: 'history_rewritten' };
  const commits = await afterNewestProcessed(walk.commits, history);
  const isShared =
    commits.length < walk.commits.length || (lastIsThere && (await mirror.mergeBase(last, head)) !== undefined);
  return { commits: isShared ? commits : commits.slice(-1), why: 'history_rewritten' };
}

/** Cuts a line at the newest commit that was processed before: what lies below it was passed over then, and stays so. */
async function afterNewestProcessed(line: readonly CommitInfo[], history: History): Promise<CommitInfo[]> {
  const processed = await history.processed(line.map(({ hash }) => hash));
  return line.slice(line.findLastIndex(({ hash }) => processed.has(hash)) + 1);
}

/** The first-parent line that ends in `head`, from a commit (with it) or a date on; at least the head. */
async function lineSince(mirror: Mirror, head: string, since: string): Promise<CommitInfo[]> {
  const date = dateOf(since);
  if (date !== undefined) return lineSinceDate(mirror, head, date);
  const start = await mirror.resolveCommit(since);
  if (start === undefined || (await mirror.mergeBase(start, head)) === undefined)
    throw new TrunklineError('not_found', `There is no commit ${JSON.stringify(since)} in the branch's history`, {
      where: mirror.url,
      hint: 'give a commit, a tag, or a date as in 2026-01-31',
    });
  const { commits, below } = await mirror.firstParentWalk(start, head);
  if (commits.length === 0) return [await mirror.commitInfo(head)];
  return below === start ? [await mirror.commitInfo(start), ...commits] : commits;
}

/** By UTC of DESIGN 5, which only grows along the line, so that a back-dated commit is not left out between its neighbours. */
async function lineSinceDate(mirror: Mirror, head: string, date: number): Promise<CommitInfo[]> {
  await mirror.utcOf(head);
  const { commits } = await mirror.firstParentWalk(null, head);
  const times = await Promise.all(commits.map(({ hash }) => mirror.utcOf(hash)));
  const first = times.findIndex((utc) => utc >= date);
  return commits.slice(first < 0 ? -1 : first);
}

/** Seconds of an ISO 8601 date (UTC) or time, or undefined when `text` is none. */
function dateOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text)) return undefined;
  const zoned = /([T ].*)(Z|[+-]\d{2}:?\d{2})$/.test(text) || text.length === 10 ? text : `${text}Z`;
  const milliseconds = Date.parse(zoned);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}
