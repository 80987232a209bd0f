import type { Mirror } from '../../lib/git/index.ts';
import type { CommitInfo } from '../../model/index.ts';

const LONGEST = 100;

/**
 * First-parent commits of a commit since a tag, newest first, at most 100 (DESIGN 5).
 * @param tag the version tag the commit's version is based on; null, or one that is gone, for the whole history.
 */
export async function changelogSince(mirror: Mirror, commit: string, tag: string | null): Promise<CommitInfo[]> {
  const start = tag === null ? undefined : await mirror.resolveTag(tag);
  const { commits } = await mirror.firstParentWalk(start ?? null, commit, { limit: LONGEST });
  return commits.reverse();
}
