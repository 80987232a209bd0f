import { chmod, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { findRef } from '../db/index.ts';
import type { LocalRepository, PackageFile, Revision, Supplements, Target } from '../model/index.ts';
import type { ProjectPackages, Repository } from '../repos/index.ts';
import type { TrunkContext } from './context.ts';
import type { Failure } from './failure.ts';
import { add, requireBuilder, verifyPackages } from './run/index.ts';

/** An install check that was passed, and what it depended on. */
export interface Passed {
  failure: null;
  /** Full names of all packages the check installed. */
  installed: readonly string[];
  /** The snapshot it was made against; null: an empty repository. */
  against: string | null;
}

export interface Refused {
  failure: Failure;
  installed: readonly string[];
}

export interface CheckRequest {
  target: Target;
  /** The owner of the packages and the place in its history they come from. */
  revision: Pick<Revision, 'project' | 'sequence'>;
  packages: readonly PackageFile[];
  /** What the project supplies besides; absent: what it supplied before. */
  supplements?: Supplements;
  scratch: string;
  logs: string;
  signal: AbortSignal;
  timings: Record<string, number>;
}

/** The snapshot that `current` points at in the database; null before the first one. */
export async function currentSnapshot(context: TrunkContext, target: Target): Promise<string | null> {
  return (await findRef(context.db, target.name, 'current'))?.snapshotHash ?? null;
}

/** The repository as a snapshot that follows `against`, with the packages in it. */
export interface Candidate {
  /** The name of that snapshot, which is not written. */
  hash: string;
  repository: LocalRepository;
}

/** Writes the repository as it will be with the packages in it, to be checked. @throws TrunklineError `repository_conflict` */
export async function makeCandidate(
  context: TrunkContext,
  request: CheckRequest,
  against: string | null,
): Promise<Candidate> {
  const started = performance.now();
  const { target, packages, timings } = request;
  const repository: Repository = context.repository(target);
  // An address that was never used before: package managers keep what they know of one, also of a database that is there no more.
  const directory = await mkdtemp(join(request.scratch, 'candidate-'));
  await chmod(directory, 0o755);
  const hash = await repository.next(against, changeOf(request, packages));
  const time = Math.trunc(context.now() / 1000);
  const candidate = await repository.candidate(hash, packages, { directory, time });
  add(timings, { candidate: (performance.now() - started) / 1000 });
  return { hash, repository: candidate };
}

/** Installs the packages together, in a clean root, from `against` as it will be with them in it. */
export async function checkInstall(
  context: TrunkContext,
  request: CheckRequest,
  against: string | null,
): Promise<Passed | Refused> {
  const { target, packages, logs, signal } = request;
  const { repository } = await makeCandidate(context, request, against);
  const verified = await verifyPackages(
    { target, repository, packages, logs, signal },
    requireBuilder(context, target),
  );
  add(request.timings, verified.timings);
  const { installed } = verified;
  return verified.failure === null ? { failure: null, installed, against } : { failure: verified.failure, installed };
}

/** What a repository is to have of the project. */
export function changeOf(
  { revision, supplements }: Pick<CheckRequest, 'revision' | 'supplements'>,
  packages: ProjectPackages['packages'],
): ProjectPackages {
  const { project, sequence } = revision;
  return { project, sequence, packages, ...(supplements === undefined ? {} : { supplements }) };
}

/** Whether a check made against one snapshot still holds for another: none of the packages it installed is another one now, or could be. */
export async function stillHolds(repository: Repository, passed: Passed, now: string | null): Promise<boolean> {
  if (passed.against === now) return true;
  const { added, removed } = await repository.diff(passed.against, now);
  const installed = new Set(passed.installed);
  const names = new Set(passed.installed.map(nameOf));
  return (
    !removed.some((one) => installed.has(one.fullName)) &&
    !added.some(({ kind, name }) => kind === 'binary' && names.has(name))
  );
}

/** The name in `name-version-release.arch` or `name_version_arch`. */
function nameOf(fullName: string): string {
  return fullName.includes('_') && /^[^_]+_[^_]+_[^_]+$/.test(fullName)
    ? fullName.replace(/_.*$/, '')
    : fullName.replace(/-[^-]+-[^-]+$/, '');
}
