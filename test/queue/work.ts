import {
  claim,
  enqueue,
  finishAttempt,
  leaseOf,
  type FinishedWork,
  type QueuedAttempt,
} from '../../src/queue/index.ts';
import type { Db } from '../../src/db/index.ts';
import { build, NOON } from '../db/samples.ts';

export const MINUTE = 60_000;
export const success: FinishedWork = { result: 'success', reason: null, detail: null, snapshot: 'cafe' };
export const failure: FinishedWork = { result: 'failure', reason: 'build_failed', detail: 'make: *** Error 2' };
export const infra: FinishedWork = { result: 'failure', reason: 'infra_error', detail: 'no space left' };

export async function queued(db: Db, name: string, options?: Parameters<typeof build>[2] & { priority?: number }) {
  const made = await build(db, name, options);
  await enqueue(db, made, { now: NOON, priority: options?.priority ?? 0 });
  return made;
}

export async function claimed(db: Db, now = NOON, worker = 'host/1'): Promise<QueuedAttempt> {
  const attempt = await claim(db, { worker, now, leaseMs: MINUTE });
  if (attempt === null) throw new Error('nothing to claim');
  return attempt;
}

/** Runs what is queued to an end. */
export async function ran(db: Db, work: FinishedWork, now = NOON) {
  return finishAttempt(db, leaseOf(await claimed(db, now)), work, now);
}
