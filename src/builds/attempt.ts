import { mkdir, rm } from 'node:fs/promises';
import { requireBuildWithRevision, type QueuedAttempt } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Build, BuildInputs, Project, Revision, Target } from '../model/index.ts';
import { leaseOf, recordProgress } from '../queue/index.ts';
import { readBaseRepositories } from './base-revisions.ts';
import {
  logDirectory,
  requireBuilder,
  requireProject,
  requireTarget,
  scratchDirectory,
  type TrunkContext,
} from './context.ts';
import { failureOf, stopsEverything, type Failure } from './failure.ts';
import { gatherMaterial, gatherPackaging } from './gather.ts';
import { planBuildVersion } from './plan.ts';
import { placeSnapshot, showPublication } from './publish/index.ts';
import { buildPackages } from './run/index.ts';
import { settleFailure, settleSuccess } from './settle.ts';
import { add, checkInstall, currentSnapshot } from './verify.ts';

/** An attempt being made: what it is for, where it works, and what is known so far. */
export interface AttemptInProgress {
  attempt: QueuedAttempt;
  build: Build;
  revision: Revision;
  project: Project;
  target: Target;
  scratch: string;
  logs: string;
  signal: AbortSignal;
  /** Seconds by phase. */
  timings: Record<string, number>;
  inputs: BuildInputs;
}

/** What came of an attempt, for whoever reports it. */
export interface AttemptReport {
  attempt: QueuedAttempt;
  build: Build;
  revision: Revision;
  failure: Failure | null;
  /** Milliseconds since the epoch at which it is tried again, or null. */
  retryAt: number | null;
  timings: Readonly<Record<string, number>>;
  /** The machine cannot go on: a full disk, a data directory that cannot be written. */
  fatal: boolean;
}

/**
 * Makes a claimed attempt: source, build, install check, publication. A failure of the build is part of the answer.
 * @throws when it was aborted, or the result could not be recorded: the lease was lost, or the database is out of reach.
 */
export async function performAttempt(
  context: TrunkContext,
  attempt: QueuedAttempt,
  signal: AbortSignal,
): Promise<AttemptReport> {
  const started = performance.now();
  const progress = await begin(context, attempt, signal);
  const { build, revision, timings } = progress;
  let failure: Failure | null;
  let fatal = false;
  try {
    failure = await buildAndPublish(context, progress, started);
  } catch (error) {
    if (signal.aborted || (error instanceof TrunklineError && error.code === 'lock_lost')) throw error;
    context.log.debug({ err: error, build: build.id, attempt: attempt.number }, 'the attempt ended with an error');
    failure = failureOf(error);
    fatal = stopsEverything(error);
  } finally {
    await rm(progress.scratch, { recursive: true, force: true });
  }
  if (failure !== null) timings.total = (performance.now() - started) / 1000;
  const retryAt = failure === null ? null : await settleFailure(context, progress, failure);
  try {
    await showPublication(context, progress);
    context.shown.add(attempt.id);
  } catch (error) {
    // The outbox has it done again.
    context.log.error({ err: error, build: build.id }, 'the build is recorded, but its directory could not be written');
    fatal ||= stopsEverything(error);
  }
  return { attempt, build, revision, failure, retryAt, timings, fatal };
}

async function begin(context: TrunkContext, attempt: QueuedAttempt, signal: AbortSignal): Promise<AttemptInProgress> {
  const { build, revision } = await requireBuildWithRevision(context.db, attempt.buildId);
  const target = requireTarget(context.settings, build.target);
  const project = requireProject(context.settings, build.project);
  const scratch = scratchDirectory(context.settings, attempt.id);
  const logs = logDirectory(context.settings, build.id, attempt.number);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true, mode: 0o755 });
  await mkdir(logs, { recursive: true, mode: 0o755 });
  const inputs: BuildInputs = {
    upstreamCommit: revision.upstream.hash,
    distgitCommit: revision.distgit.hash,
    target: target.name,
    snapshot: await currentSnapshot(context, target),
    baseRepositories: await readBaseRepositories(target),
    builder: target.builder,
    builderVersion: '',
    version: null,
    buildroot: [],
    installed: [],
  };
  // Told at once, so that nobody takes the snapshot away that is built against.
  await recordProgress(context.db, leaseOf(attempt), { inputs });
  return { attempt, build, revision, project, target, scratch, logs, signal, timings: {}, inputs };
}

/** The whole way of a build. Answers what made it fail; null when it is published and recorded. */
async function buildAndPublish(
  context: TrunkContext,
  progress: AttemptInProgress,
  started: number,
): Promise<Failure | null> {
  const { project, revision, target, timings, inputs, logs, scratch, signal } = progress;
  const builder = requireBuilder(context, target);
  const format = context.formats[target.format];
  inputs.builderVersion = await builder.version();
  const sourceStarted = performance.now();
  const packaging = await gatherPackaging(context, progress);
  const { version, inputs: versionInputs } = await planBuildVersion(context, progress, format.readPackaging(packaging));
  const material = await gatherMaterial(context, progress, version, versionInputs, packaging);
  add(timings, { source: (performance.now() - sourceStarted) / 1000 });
  const repository = inputs.snapshot === null ? null : context.repository(target).local(inputs.snapshot);
  const job = { project, revision, target, version, repository, scratch, logs, signal };
  const built = await buildPackages(job, material, { format, builder });
  inputs.buildroot = built.buildroot;
  add(timings, built.timings);
  if (built.failure !== null) return built.failure;
  const { packages } = built;
  const check = { target, revision, packages, scratch, logs, signal, timings };
  const passed = await checkInstall(context, check, await currentSnapshot(context, target));
  inputs.installed = passed.installed;
  if (passed.failure !== null) return passed.failure;
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    const placed = await placeSnapshot(context, { ...check, passed });
    if ('reason' in placed) return placed;
    inputs.installed = placed.installed;
    timings.total = (performance.now() - started) / 1000;
    await settleSuccess(context, progress, placed, packages);
    return null;
  });
}
