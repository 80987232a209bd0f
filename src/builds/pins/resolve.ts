import { listPublishedVersions, type PublishedVersion } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { versionOfPackage, type Target } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';

/**
 * What a project published on a target that a version or the beginning of an upstream commit means; of several, the newest in history order. A version may
 * leave out its epoch, its release, or what `%{dist}` adds to it. null when nothing was published so.
 * @throws TrunklineError `not_found` when the packages were removed, `invalid_argument` for a commit's beginning that begins two
 */
export async function findPublished(
  context: TrunkContext,
  { project, version }: { project: string; version: string },
  target: Target,
): Promise<PublishedVersion | null> {
  const published = await listPublishedVersions(context.db, project, target.name);
  const named = published.filter((one) => spellings(target, one).has(version));
  const matching = named.length > 0 ? named : ofCommit(published, version);
  const [found] = matching.filter(({ goneAt }) => goneAt === null);
  if (found !== undefined) return found;
  const [removed] = matching;
  if (removed === undefined) return null;
  throw new TrunklineError(
    'not_found',
    `The packages of ${project} ${version} for ${target.name} were removed on ${new Date(removed.goneAt ?? 0).toISOString().slice(0, 10)}`,
    { hint: `trunkline recheck ${String(removed.buildId)} --force builds them again, under a new release` },
  );
}

function ofCommit(published: readonly PublishedVersion[], prefix: string): PublishedVersion[] {
  if (!/^[0-9a-f]{7,64}$/i.test(prefix)) return [];
  const found = published.filter(({ upstreamHash }) => upstreamHash.startsWith(prefix.toLowerCase()));
  const [one, other] = new Set(found.map(({ upstreamHash }) => upstreamHash));
  if (one !== undefined && other !== undefined)
    throw new TrunklineError('invalid_argument', `${prefix} begins two commits`, {
      hint: `they are ${one} and ${other}: give more digits`,
    });
  return found;
}

/** The ways in which people write a version. */
function spellings({ format, dist }: Target, one: PublishedVersion): Set<string> {
  const whole = versionOfPackage(format, one);
  const spelled = [whole, ...(dist !== '' && whole.endsWith(dist) ? [whole.slice(0, -dist.length)] : [])];
  const versions = [...spelled, ...spelled.map((text) => text.replace(/-[^-]*$/, ''))];
  return new Set([...versions, ...versions.map((text) => text.replace(/^\d+:/, ''))]);
}
