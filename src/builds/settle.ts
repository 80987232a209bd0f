import { insertPackages, insertSnapshot } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { PackageFile } from '../model/index.ts';
import { finishAttempt, leaseOf, listLost, retryOrFinish } from '../queue/index.ts';
import type { AttemptInProgress } from './begin.ts';
import type { TrunkContext } from './context.ts';
import type { Failure } from './failure.ts';
import { moveCurrent, publishedPackage, type Placed } from './publish/index.ts';

/**
 * To be called where the target's mutex was waited for, before anything is signed or stored: the attempt may have been cancelled or taken over meanwhile.
 * @throws TrunklineError `lock_lost`
 */
export async function requireHeld(
  { db }: Pick<TrunkContext, 'db'>,
  { attempt, signal }: Pick<AttemptInProgress, 'attempt' | 'signal'>,
): Promise<void> {
  signal.throwIfAborted();
  if ((await listLost(db, [leaseOf(attempt)])).size === 0) return;
  throw new TrunklineError('lock_lost', `Attempt ${String(attempt.id)} is not held under its lease any more`, {
    hint: 'drop this work: nothing of it has been recorded, and the queue goes on without it',
  });
}

/**
 * Records a success: attempt, build, packages, snapshot, refs and events, in one transaction.
 * @throws TrunklineError `lock_lost` when the lease is not ours any more; nothing is recorded then.
 */
export async function settleSuccess(
  context: TrunkContext,
  progress: AttemptInProgress,
  placed: Placed,
  packages: readonly PackageFile[],
): Promise<void> {
  const now = context.now();
  const { attempt, build, inputs, timings } = progress;
  const { snapshot } = placed;
  await context.db.transaction(async (tx) => {
    await insertSnapshot(tx, { ...snapshot, buildId: build.id, createdAt: now });
    const origin = { target: build.target, buildId: build.id, attemptId: attempt.id, uploadId: null };
    await insertPackages(tx, placed.signed.map(publishedPackage(origin, packages)), now);
    const work = { result: 'success', reason: null, detail: null, snapshot: snapshot.hash, inputs, timings } as const;
    await finishAttempt(tx, leaseOf(attempt), work, now);
    const reason = `build ${String(build.id)} of ${build.project}`;
    if (placed.newest) await moveCurrent(context, tx, { snapshot, actor: 'system', reason }, now);
  });
}

/** Records a failure. Answers when it is tried again (milliseconds since the epoch), or null when the build is finished. */
export async function settleFailure(
  context: TrunkContext,
  { attempt, inputs, timings }: AttemptInProgress,
  failure: Failure,
  { untilMended }: { untilMended: boolean },
): Promise<number | null> {
  const work = { result: 'failure', reason: failure.reason, detail: failure.detail, inputs, timings } as const;
  const maxRetries = untilMended ? Number.POSITIVE_INFINITY : context.settings.maxRetries;
  const rule = { maxRetries, now: context.now() };
  const { retry } = await retryOrFinish(context.db, leaseOf(attempt), work, rule);
  return retry?.notBefore ?? null;
}
