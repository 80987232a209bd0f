import { rm } from 'node:fs/promises';
import type { QueuedAttempt } from '../db/index.ts';
import type { Build, PackageFile, Revision } from '../model/index.ts';
import type { AttemptInProgress } from './begin.ts';
import type { TrunkContext } from './context.ts';
import { stopsEverything, type Failure } from './failure.ts';
import { showPublication, type Placed } from './publish/index.ts';
import { settleFailure, settleSuccess } from './settle.ts';

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
  /** It is tried again, however often it was, until somebody has mended what is wrong. */
  untilMended: boolean;
}

/** `failure` is null where its packages are published. */
export type AttemptOutcome = Pick<AttemptReport, 'failure' | 'fatal' | 'untilMended'>;

/** Records that an attempt's packages are published, in the snapshot that was written. @throws TrunklineError `lock_lost`; nothing is recorded then */
export async function recordSuccess(
  context: TrunkContext,
  progress: AttemptInProgress,
  placed: Placed,
  packages: readonly PackageFile[],
): Promise<void> {
  progress.inputs.installed = placed.installed;
  progress.timings.total = (performance.now() - progress.started) / 1000;
  await settleSuccess(context, progress, placed, packages);
}

/**
 * Ends an attempt: its scratch directory goes, a failure is recorded (a success was already), and what users see of it is written.
 * @throws TrunklineError `lock_lost`
 */
export async function concludeAttempt(
  context: TrunkContext,
  progress: AttemptInProgress,
  outcome: AttemptOutcome,
): Promise<AttemptReport> {
  const { attempt, build, revision, timings } = progress;
  const { failure, untilMended } = outcome;
  let { fatal } = outcome;
  await rm(progress.scratch, { recursive: true, force: true });
  if (failure !== null) timings.total = (performance.now() - progress.started) / 1000;
  const retryAt = failure === null ? null : await settleFailure(context, progress, failure, outcome);
  try {
    await showPublication(context, progress);
    context.shown.add(attempt.id);
  } catch (error) {
    // The outbox has it done again.
    context.log.error({ err: error, build: build.id }, 'the build is recorded, but its directory could not be written');
    fatal ||= stopsEverything(error);
  }
  return { attempt, build, revision, failure, retryAt, timings, fatal, untilMended };
}
