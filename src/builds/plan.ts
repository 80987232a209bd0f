import { previousVersion, recordVersionInputs } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import {
  planVersion,
  requireNewer,
  type PackageVersion,
  type PackagingFile,
  type PackagingSummary,
  type Project,
  type Revision,
  type Supplements,
  type Target,
  type VersionInputs,
} from '../model/index.ts';
import type { AttemptInProgress } from './begin.ts';
import type { TrunkContext } from './context.ts';
import { upstreamNames, type PlannedVersion } from './run/index.ts';

export interface PlanRequest {
  packaging: PackagingSummary;
  /** Asks what the project itself says its version is; only for a rule that wants it, and once for a revision. */
  report: () => Promise<string>;
}

/**
 * The version of a build. What it is computed from is recorded with the revision when it is first planned and never read again (DESIGN 5).
 * @throws TrunklineError `source_invalid` naming the epoch or version rule to set, when no version sorts as it has to.
 */
export async function planBuildVersion(
  context: TrunkContext,
  progress: AttemptInProgress,
  { packaging, report }: PlanRequest,
): Promise<PlannedVersion> {
  const { project, revision, target, attempt } = progress;
  const inputs = revision.versionInputs ?? (await recordInputs(context, progress, report));
  const version = versionOf({ ...revision, versionInputs: inputs }, project, target, packaging, attempt.rebuild);
  const previous = await previousVersion(context.db, revision, target.name);
  if (previous !== null) requireNewer(target.format, version, previous);
  progress.inputs.version = version;
  return { version, inputs };
}

/** What the packaging says of the repository besides its packages. @throws TrunklineError `source_invalid` */
export function readSupplements(
  context: TrunkContext,
  { target, revision }: AttemptInProgress,
  packaging: readonly PackagingFile[],
  { utc }: Pick<VersionInputs, 'utc'>,
): Promise<Supplements> {
  const about = { arch: target.arch, utc, distgitCommit: revision.distgit.hash };
  return context.formats[target.format].readSupplements(packaging, about);
}

function versionOf(
  { upstream, versionInputs }: Revision & { versionInputs: VersionInputs },
  project: Project,
  target: Target,
  packaging: PackagingSummary,
  forced: number,
): PackageVersion {
  const version = planVersion({
    inputs: versionInputs,
    hash: upstream.hash,
    rule: project.version,
    format: target.format,
    form: target.versionForm,
    native: packaging.native,
    forced,
    names: [...upstreamNames(project), packaging.name],
  });
  return version.epoch === null && packaging.epoch !== null ? { ...version, epoch: packaging.epoch } : version;
}

async function recordInputs(
  context: TrunkContext,
  { project, revision }: AttemptInProgress,
  report: () => Promise<string>,
): Promise<VersionInputs> {
  const upstream = await context.mirrors.of(project.upstream);
  const packaging = project.packaging[revision.format];
  if (packaging === undefined)
    throw new TrunklineError(
      'source_invalid',
      `${project.name} has no ${revision.format} packaging in the configuration`,
    );
  const distgit = await context.mirrors.of(packaging);
  const [tags, utc, distgitCount] = await Promise.all([
    upstream.reachableTags(revision.upstream.hash),
    upstream.utcOf(revision.upstream.hash),
    distgit.firstParentCount(revision.distgit.hash),
  ]);
  const reported = project.version.from === 'tags' ? null : await report();
  return recordVersionInputs(context.db, revision.id, { tags, utc, distgitCount, reported });
}
