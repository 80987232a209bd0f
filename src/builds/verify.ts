import { chmod, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { findRef } from '../db/index.ts';
import type { PackageFile, Revision, Target } from '../model/index.ts';
import { emptyManifest, nextManifest, type Manifest, type Repository } from '../repos/index.ts';
import { requireBuilder, type TrunkContext } from './context.ts';
import type { Failure } from './failure.ts';
import { verifyPackages } from './run/index.ts';

/** An install check that was passed, and what it depended on. */
export interface Passed {
  failure: null;
  /** Full names of all packages the check installed. */
  installed: readonly string[];
  /** The packages of the snapshot it was made against, by name. */
  against: Manifest;
}

export interface Refused {
  failure: Failure;
  installed: readonly string[];
}

export interface CheckRequest {
  target: Target;
  revision: Revision;
  packages: readonly PackageFile[];
  scratch: string;
  logs: string;
  signal: AbortSignal;
  timings: Record<string, number>;
}

/** The snapshot that `current` points at in the database, with its packages. */
export async function currentManifest(
  context: TrunkContext,
  target: Target,
): Promise<{ hash: string | null; manifest: Manifest }> {
  const ref = await findRef(context.db, target.name, 'current');
  if (ref === null) return { hash: null, manifest: emptyManifest(target.name) };
  return { hash: ref.snapshotHash, manifest: await context.repository(target).readSnapshot(ref.snapshotHash) };
}

/** Installs the packages together, in a clean root, from `against` as it will be with them in it. */
export async function checkInstall(
  context: TrunkContext,
  request: CheckRequest,
  against: Manifest,
): Promise<Passed | Refused> {
  const started = performance.now();
  const { target, revision, packages, logs, signal } = request;
  const repository: Repository = context.repository(target);
  // An address that was never used before: package managers keep what they know of one, also of a database that is there no more.
  const directory = await mkdtemp(join(request.scratch, 'candidate-'));
  await chmod(directory, 0o755);
  const next = nextManifest(against, { project: revision.project, sequence: revision.sequence, packages });
  const candidate = await repository.candidate(next, packages, { directory, time: Math.trunc(context.now() / 1000) });
  const candidateSeconds = (performance.now() - started) / 1000;
  const builder = requireBuilder(context, target);
  const verified = await verifyPackages({ target, repository: candidate, packages, logs, signal }, builder);
  add(request.timings, { candidate: candidateSeconds, ...verified.timings });
  const { installed } = verified;
  return verified.failure === null ? { failure: null, installed, against } : { failure: verified.failure, installed };
}

/** Whether a check made against one snapshot still holds for another: none of the packages it installed is another one now. */
export function stillHolds(passed: Passed, now: Manifest): boolean {
  const installed = new Set(passed.installed);
  const names = new Set(passed.against.packages.filter((one) => installed.has(one.fullName)).map(({ name }) => name));
  const contents = (manifest: Manifest) =>
    manifest.packages
      .filter((one) => one.kind === 'binary' && names.has(one.name))
      .map(({ fullName, sha256 }) => `${fullName} ${sha256}`)
      .join('\n');
  return contents(passed.against) === contents(now);
}

/** Adds phases to a record of seconds by phase. */
export function add(timings: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [phase, seconds] of Object.entries(more)) timings[phase] = (timings[phase] ?? 0) + seconds;
}
