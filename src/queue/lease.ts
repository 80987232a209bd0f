import {
  findAttempt,
  inTransaction,
  listHeld,
  updateAttempt,
  updateBuild,
  type DbOrTx,
  type QueuedAttempt,
} from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Attempt } from '../model/index.ts';

/** The right to speak for an attempt: valid until it is finished, given back, taken away or cancelled. */
export interface Lease {
  attemptId: number;
  lease: number;
}

/** The lease that came with a claim. */
export function leaseOf(attempt: Pick<Attempt, 'id' | 'lease'>): Lease {
  return { attemptId: attempt.id, lease: attempt.lease };
}

/** Renews a lease for `leaseMs` from `now`. @throws TrunklineError `lock_lost`: stop working, the result will not be taken */
export async function heartbeat(
  db: DbOrTx,
  lease: Lease,
  { now, leaseMs }: { now: number; leaseMs: number },
): Promise<void> {
  await changeLeased(db, lease, { leaseExpiresAt: now + leaseMs });
}

/** The attempts among those leases that are not under them any more: finished, cancelled, given back, or claimed anew. */
export async function listLost(db: DbOrTx, leases: readonly Lease[]): Promise<Set<number>> {
  const held = await listHeld(
    db,
    leases.map(({ attemptId }) => attemptId),
  );
  return new Set(
    leases.filter(({ attemptId, lease }) => held.get(attemptId) !== lease).map(({ attemptId }) => attemptId),
  );
}

/** Records what is known of an attempt while it runs. @throws TrunklineError `lock_lost` */
export function recordProgress(
  db: DbOrTx,
  lease: Lease,
  progress: Partial<Pick<Parameters<typeof updateAttempt>[2], 'logs' | 'inputs' | 'timings'>>,
): Promise<QueuedAttempt> {
  return changeLeased(db, lease, progress);
}

/** Gives back an attempt that was not begun, to be claimed again from `notBefore` on. @throws TrunklineError `lock_lost` */
export function release(db: DbOrTx, lease: Lease, notBefore: number): Promise<QueuedAttempt> {
  return inTransaction(db, async (tx) => {
    const change = { state: 'pending', worker: null, startedAt: null, leaseExpiresAt: null, notBefore } as const;
    const attempt = await changeLeased(tx, lease, change);
    await updateBuild(tx, attempt.buildId, { state: 'pending' });
    return attempt;
  });
}

/** Changes a running attempt for its leaseholder. @throws TrunklineError `lock_lost` when somebody else holds it or nobody does */
export async function changeLeased(
  db: DbOrTx,
  { attemptId, lease }: Lease,
  change: Parameters<typeof updateAttempt>[2],
): Promise<QueuedAttempt> {
  const attempt = await updateAttempt(db, { id: attemptId, state: 'running', lease }, change);
  if (attempt !== null) return attempt;
  throw new TrunklineError('lock_lost', whyLost(lease, attemptId, await findAttempt(db, attemptId)), {
    hint: 'drop this work: nothing of it has been recorded, and the queue goes on without it',
  });
}

function whyLost(lease: number, id: number, attempt: QueuedAttempt | null): string {
  if (attempt === null) return `There is no attempt ${id}`;
  if (attempt.state === 'finished')
    return `Attempt ${id} is over: ${attempt.result ?? 'finished'}${attempt.detail === null ? '' : ` (${attempt.detail})`}`;
  if (attempt.state === 'pending') return `Attempt ${id} has gone back to the queue`;
  return `Attempt ${id} is held by ${attempt.worker ?? 'another'} under lease ${attempt.lease}, not ${lease}`;
}
