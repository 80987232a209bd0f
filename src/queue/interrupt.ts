import {
  inTransaction,
  listExpired,
  listRunningOf,
  updateAttempt,
  type DbOrTx,
  type QueuedAttempt,
  type Tx,
} from '../db/index.ts';
import { tryAgain } from './finish.ts';

/** An attempt that ended because its worker did, and the one made in its place. */
export interface Interruption {
  attempt: QueuedAttempt;
  retry: QueuedAttempt;
}

/** Ends the attempts whose lease lapsed before `now` and queues new ones. Several servers may do so at once. */
export function expireLeases(db: DbOrTx, now: number): Promise<Interruption[]> {
  return inTransaction(db, async (tx) => interruptAll(tx, await listExpired(tx, now), now));
}

/**
 * Ends the attempts of workers whose name begins with `workerPrefix` and queues new ones. For the start of a runner that knows, by the lock it
 * holds, that all workers of that name are dead.
 */
export function recoverWorker(db: DbOrTx, workerPrefix: string, now: number): Promise<Interruption[]> {
  return inTransaction(db, async (tx) => interruptAll(tx, await listRunningOf(tx, workerPrefix), now));
}

/** Ends one attempt whose worker gives it up, and queues a new one; null when it was over, or taken over, before. */
export async function interrupt(db: DbOrTx, attempt: QueuedAttempt, now: number): Promise<Interruption | null> {
  return inTransaction(db, async (tx) => (await interruptAll(tx, [attempt], now))[0] ?? null);
}

/**
 * The ended attempt keeps its number, log and lease; being interrupted says nothing of the build, so the new one counts no retry against
 * `max_retries` and is due at once.
 */
async function interruptAll(tx: Tx, attempts: readonly QueuedAttempt[], now: number): Promise<Interruption[]> {
  const interruptions: Interruption[] = [];
  for (const { id, lease, worker } of attempts) {
    const attempt = await updateAttempt(
      tx,
      { id, state: 'running', lease },
      {
        state: 'finished',
        result: 'failure',
        reason: 'infra_error',
        detail: `interrupted: ${worker ?? 'its worker'} ended without a result`,
        finishedAt: now,
        leaseExpiresAt: null,
      },
    );
    // It finished, or another server was first, between the list and here.
    if (attempt === null) continue;
    const retry = await tryAgain(tx, attempt, { retries: attempt.retries, notBefore: now, now });
    interruptions.push({ attempt, retry });
  }
  return interruptions;
}
