import type { Mirror } from '../../lib/git/index.ts';
import type { VersionInputs } from '../../model/index.ts';

/**
 * What a revision's version is computed from, as the mirrors say it now; to be recorded and not asked again (DESIGN 5).
 * @param reported what `version.from: pep440` or `script` printed; null with `tags`.
 */
export async function planVersionInputs(
  mirrors: { upstream: Mirror; distgit: Mirror },
  revision: { upstream: { hash: string }; distgit: { hash: string } },
  reported: string | null,
): Promise<VersionInputs> {
  const [tags, utc, distgitCount] = await Promise.all([
    mirrors.upstream.reachableTags(revision.upstream.hash),
    mirrors.upstream.utcOf(revision.upstream.hash),
    mirrors.distgit.firstParentCount(revision.distgit.hash),
  ]);
  return { tags, utc, distgitCount, reported };
}
