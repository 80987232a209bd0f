export type { ClaimFilter, ClaimRequest, QueuedAttempt, QueueState } from '../db/index.ts';
export { readQueue } from '../db/index.ts';
export * from './backoff.ts';
export * from './cancel.ts';
export * from './enqueue.ts';
export { finishAttempt, retryOrFinish, type Finished, type FinishedWork, type RetryRule } from './finish.ts';
export * from './interrupt.ts';
export { claim, heartbeat, leaseOf, listLost, recordProgress, release, type Lease } from './lease.ts';
export * from './recheck.ts';
