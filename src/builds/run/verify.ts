import type { Builder, LocalRepository, PackageFile, Target } from '../../model/index.ts';
import { oneLine, type Failure } from '../failure.ts';

export interface VerifyJob {
  target: Target;
  /** The repository as it is about to be published. */
  repository: LocalRepository;
  packages: readonly PackageFile[];
  logs: string;
  signal: AbortSignal;
}

export interface Verified {
  failure: Failure | null;
  /** Full names of all packages the transaction installed. */
  installed: readonly string[];
  timings: Readonly<Record<string, number>>;
}

/** Installs all binary packages of a build, together, in a clean root. */
export async function verifyPackages(job: VerifyJob, builder: Builder): Promise<Verified> {
  const packages = job.packages
    .filter(({ identity }) => identity.kind === 'binary')
    .map(({ identity: { name, epoch, version, release, arch, fullName } }) => ({
      name,
      version: `${epoch === null ? '' : `${epoch}:`}${version}${release === null ? '' : `-${release}`}`,
      arch,
      fullName,
    }));
  const outcome = await builder.verifyInstall({
    target: job.target,
    repository: job.repository,
    packages,
    logs: job.logs,
    signal: job.signal,
  });
  const detail = outcome.detail ?? 'the packages do not install; see install.log';
  const failure = outcome.ok
    ? null
    : { reason: outcome.reason ?? ('install_failed' as const), detail: oneLine(detail) };
  return { failure, installed: outcome.installed, timings: outcome.timings };
}
