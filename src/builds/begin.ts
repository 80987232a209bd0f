import { mkdir, rm } from 'node:fs/promises';
import { requireBuildWithRevision, type QueuedAttempt } from '../db/index.ts';
import type { Build, BuildInputs } from '../model/index.ts';
import { leaseOf, recordProgress } from '../queue/index.ts';
import { logDirectory, requireProject, requireTarget, scratchDirectory, type TrunkContext } from './context.ts';
import { readBaseRepositories, type Work } from './run/index.ts';
import { currentSnapshot } from './verify.ts';

/** An attempt being made: what it is for, where it works, and what is known so far. */
export interface AttemptInProgress extends Work {
  attempt: QueuedAttempt;
  build: Build;
  inputs: BuildInputs;
  /** When it was begun, by `performance.now()`. */
  started: number;
}

/**
 * Makes the directories of a claimed attempt and notes what it is built from; one that has been begun before goes on with what was noted then.
 * @throws TrunklineError `not_found` for a project or target that is gone, `lock_lost`
 */
export async function beginAttempt(
  context: TrunkContext,
  attempt: QueuedAttempt,
  signal: AbortSignal,
  options = { resume: false },
): Promise<AttemptInProgress> {
  const started = performance.now();
  const { build, revision } = await requireBuildWithRevision(context.db, attempt.buildId);
  const target = requireTarget(context.settings, build.target);
  const project = requireProject(context.settings, build.project);
  const scratch = scratchDirectory(context.settings, attempt.id);
  const logs = logDirectory(context.settings, build.id, attempt.number);
  const inputs =
    options.resume && attempt.inputs !== null
      ? attempt.inputs
      : {
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
  await mkdir(logs, { recursive: true, mode: 0o755 });
  // Last: nobody would take it away of an attempt that could not be begun.
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true, mode: 0o755 });
  return { attempt, build, revision, project, target, scratch, logs, signal, timings: {}, inputs, started };
}
