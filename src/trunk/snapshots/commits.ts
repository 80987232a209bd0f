import type { TrunkContext } from '../../builds/index.ts';
import { listRevisionsBetween } from '../../db/index.ts';
import type { CommitInfo, FormatName, Revision } from '../../model/index.ts';

/** What lies between the commits that a project was built from in two snapshots. */
export interface ProjectCommits {
  project: string;
  /** The upstream commit in each; null where the project is not in the snapshot, or its revision is not known here. */
  before: CommitInfo | null;
  after: CommitInfo | null;
  /** `added` and `removed`: upstream commits that one has and the other has not, oldest first, at most `MOST_COMMITS`, the newest ones. */
  added: readonly CommitInfo[];
  removed: readonly CommitInfo[];
  /** Who says so: the mirror's history, or the revisions that discovery recorded. */
  source: 'git' | 'recorded';
}

/** Upstream commits listed of one project and direction. */
export const MOST_COMMITS = 200;
/** Projects whose mirror is asked: each costs two or three processes. */
const MOST_MIRRORS = 20;

export interface ProjectMove {
  project: string;
  /** Places in the project's history; null where it is not in the snapshot. */
  before: number | null;
  after: number | null;
}

/** The upstream commits between two places of each project's history: from its mirror where it is there, for few projects, else as recorded. */
export async function commitsOf(
  context: TrunkContext,
  format: FormatName,
  moves: readonly ProjectMove[],
): Promise<ProjectCommits[]> {
  const commits: ProjectCommits[] = [];
  for (const move of moves) {
    const recorded = await recordedCommits(context, format, move);
    const exact = moves.length <= MOST_MIRRORS ? await mirroredCommits(context, recorded) : null;
    commits.push(exact ?? recorded);
  }
  return commits;
}

async function recordedCommits(context: TrunkContext, format: FormatName, move: ProjectMove): Promise<ProjectCommits> {
  const { project } = move;
  const ends = [move.before, move.after].filter((place) => place !== null);
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  const range = { first, last, limit: MOST_COMMITS + 1 };
  const revisions = await listRevisionsBetween(context.db, { project, format }, range);
  const oldest = await listRevisionsBetween(context.db, { project, format }, { first, last: first, limit: 1 });
  const at = (place: number | null) =>
    [...oldest, ...revisions].find(({ sequence }) => sequence === place)?.upstream ?? null;
  const [before, after] = [at(move.before), at(move.after)];
  const between = move.before === null || move.after === null ? [] : upstreamAfter(revisions, at(first), first);
  const forward = (move.before ?? 0) <= (move.after ?? 0);
  return {
    ...{ project, before, after, source: 'recorded' },
    added: forward ? between : [],
    removed: forward ? [] : between,
  };
}

/** The upstream commits of revisions after a place, once each: packaging commits rebuild the same one. */
function upstreamAfter(revisions: readonly Revision[], from: CommitInfo | null, place: number): CommitInfo[] {
  const later = revisions.filter(({ sequence }) => sequence > place).map(({ upstream }) => upstream);
  const distinct = new Map(later.map((commit) => [commit.hash, commit]));
  if (from !== null) distinct.delete(from.hash);
  return [...distinct.values()].slice(-MOST_COMMITS);
}

/** The same by git's history, which knows of commits that were never recorded, and of histories that were rewritten. */
async function mirroredCommits(
  context: TrunkContext,
  { project, before, after }: ProjectCommits,
): Promise<ProjectCommits | null> {
  const known = context.settings.projects.find(({ name }) => name === project);
  if (known === undefined || before === null || after === null || before.hash === after.hash) return null;
  const mirror = await context.mirrors.known(known.upstream);
  if (mirror === null || !(await mirror.hasCommit(before.hash)) || !(await mirror.hasCommit(after.hash))) return null;
  const walk = async (from: string, to: string) =>
    (await mirror.firstParentWalk(from, to, { limit: MOST_COMMITS })).commits;
  const [added, removed] = [await walk(before.hash, after.hash), await walk(after.hash, before.hash)];
  return { project, before, after, added, removed, source: 'git' };
}
