import {
  inTransaction,
  insertAttempt,
  recordDuration,
  requireBuild,
  updateBuild,
  type DbOrTx,
  type QueuedAttempt,
  type Tx,
} from '../db/index.ts';
import { emit, tellMaintainers } from '../events/index.ts';
import type { Attempt, Build, BuildInputs, FailureReason } from '../model/index.ts';
import { DEFAULT_BACKOFF, pauseAfter, type Backoff } from './backoff.ts';
import { changeLeased, type Lease } from './lease.ts';
import { settle, type AttemptResult } from './settle.ts';

/** What came of an attempt, with what is recorded of it. */
export type FinishedWork = (
  | { result: 'success'; reason: null; detail: string | null; snapshot: string | null }
  | { result: 'failure'; reason: FailureReason; detail: string | null }
) & { inputs?: BuildInputs; timings?: Attempt['timings'] };

export interface Finished {
  attempt: QueuedAttempt;
  build: Build;
}

/**
 * Ends an attempt and its build with it, and writes the events that follow. As part of the transaction that publishes, it makes the result
 * visible with the packages or not at all. @throws TrunklineError `lock_lost` when the lease is not the attempt's any more: nothing was changed
 */
export function finishAttempt(db: DbOrTx, lease: Lease, work: FinishedWork, now: number): Promise<Finished> {
  return inTransaction(db, async (tx) => {
    const attempt = await closeAttempt(tx, lease, work, now);
    const snapshot = work.result === 'success' ? work.snapshot : null;
    return concludeBuild(tx, attempt, { result: work.result, reason: work.reason, detail: work.detail, snapshot }, now);
  });
}

export interface RetryRule {
  /** Retries after infrastructure errors before one is the build's result. */
  maxRetries: number;
  backoff?: Backoff;
}

/**
 * `finishAttempt`, except that an infrastructure error is tried again after a pause, up to `maxRetries` times: the attempt ends, the build waits
 * with a new one. @returns the new attempt in `retry`, or null there when the build is finished. @throws TrunklineError `lock_lost`
 */
export function retryOrFinish(
  db: DbOrTx,
  lease: Lease,
  work: FinishedWork,
  { maxRetries, backoff = DEFAULT_BACKOFF, now }: RetryRule & { now: number },
): Promise<Finished & { retry: QueuedAttempt | null }> {
  return inTransaction(db, async (tx) => {
    if (work.reason !== 'infra_error') return { ...(await finishAttempt(tx, lease, work, now)), retry: null };
    const attempt = await closeAttempt(tx, lease, work, now);
    if (attempt.retries >= maxRetries) {
      const result = { result: work.result, reason: work.reason, detail: work.detail, snapshot: null };
      return { ...(await concludeBuild(tx, attempt, result, now)), retry: null };
    }
    const notBefore = now + pauseAfter(attempt.retries, backoff);
    const retry = await tryAgain(tx, attempt, { retries: attempt.retries + 1, notBefore, now });
    return { attempt, build: await requireBuild(tx, attempt.buildId), retry };
  });
}

/** A new attempt in place of one that ended undecided. Its log is its own. */
export async function tryAgain(
  tx: Tx,
  ended: QueuedAttempt,
  { retries, notBefore, now }: { retries: number; notBefore: number; now: number },
): Promise<QueuedAttempt> {
  const { buildId, rebuild, priority, commitTime } = ended;
  const retry = await insertAttempt(tx, {
    buildId,
    kind: 'retry',
    rebuild,
    retries,
    priority,
    commitTime,
    notBefore,
    now,
  });
  if (retry === null) throw new Error(`attempt ${ended.id} ended, yet its build ${buildId} has another one open`);
  await updateBuild(tx, buildId, { state: 'pending' });
  return retry;
}

/** Brings a build in step with an attempt that has ended for good, and writes the events that follow. */
export async function concludeBuild(
  tx: Tx,
  attempt: QueuedAttempt,
  result: AttemptResult,
  now: number,
): Promise<Finished> {
  const before = await requireBuild(tx, attempt.buildId);
  await updateBuild(tx, before.id, settle(before, result, now));
  const { project, target, id: buildId } = before;
  if (attempt.startedAt !== null && (result.result === 'success' || result.result === 'failure'))
    await recordDuration(tx, { project, target }, now - attempt.startedAt);
  const news = { project, target, buildId, attemptId: attempt.id, result: result.result, reason: result.reason };
  await emit(tx, { kind: 'build_finished', ...news }, now);
  await tellMaintainers(tx, { project, target, now });
  return { attempt, build: await requireBuild(tx, buildId) };
}

function closeAttempt(tx: Tx, lease: Lease, work: FinishedWork, now: number): Promise<QueuedAttempt> {
  return changeLeased(tx, lease, {
    state: 'finished',
    result: work.result,
    reason: work.reason,
    detail: work.detail,
    finishedAt: now,
    leaseExpiresAt: null,
    ...(work.inputs === undefined ? {} : { inputs: work.inputs }),
    ...(work.timings === undefined ? {} : { timings: work.timings }),
  });
}
