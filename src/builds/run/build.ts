import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Builder,
  CommitInfo,
  LocalRepository,
  PackageFile,
  PackageFormat,
  PackageVersion,
  PackagingFile,
  Project,
  Revision,
  Target,
} from '../../model/index.ts';
import { oneLine, type Failure } from '../failure.ts';

/** What one attempt is to build, and where it may write. */
export interface BuildJob {
  project: Project;
  revision: Revision;
  target: Target;
  version: PackageVersion;
  /** The snapshot it is built against, or null for an empty repository. */
  repository: LocalRepository | null;
  /** An empty directory of this attempt's own. */
  scratch: string;
  /** Directory of the attempt's logs; exists. */
  logs: string;
  signal: AbortSignal;
}

/** The source as it comes from git, before anything of it has run. */
export interface SourceMaterial {
  tarball: { path: string; topDirectory: string };
  packaging: readonly PackagingFile[];
  changelog: readonly CommitInfo[];
}

export interface BuiltPackages {
  /** Empty when it failed. */
  packages: readonly PackageFile[];
  failure: Failure | null;
  buildroot: readonly string[];
  /** Seconds by phase. */
  timings: Readonly<Record<string, number>>;
}

/** Stages the source, has it built, and reads what came out. @throws TrunklineError where the source or a package is not what it should be. */
export async function buildPackages(
  job: BuildJob,
  material: SourceMaterial,
  drivers: { format: PackageFormat; builder: Builder },
): Promise<BuiltPackages> {
  const [staged, output] = [join(job.scratch, 'source'), join(job.scratch, 'packages')];
  await mkdir(staged, { recursive: true });
  await mkdir(output, { recursive: true });
  const source = await drivers.format.stageSource({ ...job, ...material, directory: staged });
  const outcome = await drivers.builder.build({
    target: job.target,
    source,
    repository: job.repository,
    output,
    logs: job.logs,
    signal: job.signal,
  });
  const { buildroot, timings } = outcome;
  if (!outcome.ok) {
    const detail = outcome.detail ?? 'the builder gave no reason; see the log';
    return {
      packages: [],
      failure: { reason: outcome.reason ?? 'build_failed', detail: oneLine(detail) },
      buildroot,
      timings,
    };
  }
  const started = performance.now();
  const packages = await drivers.format.identify(outcome.files);
  const seconds = (performance.now() - started) / 1000;
  return { packages, failure: objection(packages, source.name), buildroot, timings: { ...timings, identify: seconds } };
}

/** A build that succeeds without anything to install, or whose packages call themselves another project's, is a failure. */
export function objection(packages: readonly PackageFile[], sourceName: string): Failure | null {
  const binaries = packages.filter(({ identity }) => identity.kind === 'binary');
  if (binaries.length === 0)
    return { reason: 'build_failed', detail: 'the build succeeded but left no package that can be installed' };
  const seen = new Set<string>();
  for (const { identity } of packages) {
    if (seen.has(identity.fullName))
      return { reason: 'build_failed', detail: `the build left two packages called ${identity.fullName}` };
    seen.add(identity.fullName);
    if (identity.kind === 'source' && identity.name !== sourceName)
      return { reason: 'build_failed', detail: `the source package calls itself ${identity.name}, not ${sourceName}` };
  }
  return null;
}
