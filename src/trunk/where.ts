import { placeOf, requireTarget, type TrunkContext } from '../builds/index.ts';
import { findBuildsByCommit, listPackages, listRefs, type BuildWithRevision } from '../db/index.ts';
import type { PublishedPackage } from '../model/index.ts';
import { buildDirectoryPath } from '../repos/index.ts';

/** Where one build of a commit can be found. */
export interface CommitPlace extends BuildWithRevision {
  /** Path of the build's directory below the data directory; null while it has none. */
  directory: string | null;
  packages: readonly PublishedPackage[];
  /** Refs whose snapshot has the build's packages. */
  refs: readonly string[];
}

/** The builds, repositories and refs that carry a commit, upstream or packaging; `prefix` is at least four digits of its hash. */
export async function findCommit(context: TrunkContext, prefix: string): Promise<CommitPlace[]> {
  const places: CommitPlace[] = [];
  const known = new Set(context.settings.targets.map(({ name }) => name));
  for (const { build, revision } of await findBuildsByCommit(context.db, prefix)) {
    const packages = await listPackages(context.db, [build.id]);
    const directory =
      build.state === 'finished' && build.result !== 'skipped'
        ? buildDirectoryPath(await placeOf(context, build, revision))
        : null;
    places.push({
      build,
      revision,
      directory: directory === null ? null : `repos/${build.target}/${directory}`,
      packages,
      refs: known.has(build.target) ? await refsWith(context, build, packages) : [],
    });
  }
  return places;
}

async function refsWith(
  context: TrunkContext,
  { project, target }: { project: string; target: string },
  packages: readonly PublishedPackage[],
): Promise<string[]> {
  const digests = new Set(packages.map(({ sha256 }) => sha256));
  if (digests.size === 0) return [];
  const repository = context.repository(requireTarget(context.settings, target));
  const names: string[] = [];
  for (const { name, snapshotHash } of await listRefs(context.db, target)) {
    const listed = await repository.ofProject(snapshotHash, project);
    if (listed.some(({ sha256 }) => digests.has(sha256))) names.push(name);
  }
  return names;
}
