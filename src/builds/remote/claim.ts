import { findAttempt, type QueuedAttempt } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { may, type Principal } from '../../model/access/index.ts';
import { misfit, type Target, type WorkerProfile } from '../../model/index.ts';
import { heartbeat, leaseOf } from '../../queue/index.ts';
import { requireTarget, type TrunkContext } from '../context.ts';

/** The targets a worker may and can work for, and why not for the others of those it may. */
export function targetsFor(
  { settings }: TrunkContext,
  principal: Principal,
  profile: WorkerProfile,
): { targets: Target[]; refused: { target: string; why: string }[] } {
  const allowed = settings.targets.filter(({ name }) => may(principal, 'attempt.work', { target: name }));
  const judged = allowed.map((target) => ({ target, why: misfit(target, profile) }));
  return {
    targets: judged.flatMap(({ target, why }) => (why === null ? [target] : [])),
    refused: judged.flatMap(({ target, why }) => (why === null ? [] : [{ target: target.name, why }])),
  };
}

/** As whom a worker holds attempts: nobody else's token makes the same name. */
export function holderName(principal: Principal, name: string): string {
  return `${principal.name}/${name}`;
}

export interface LeaseRequest {
  principal: Principal;
  attempt: number;
  lease: number;
}

/**
 * The attempt a worker speaks for; being spoken for is a sign of life. @throws TrunklineError `lock_lost` when the lease is old, or another worker's;
 * what it is told is the same, so that nobody learns of attempts by asking
 */
export async function requireLease(
  context: TrunkContext,
  { principal, attempt: id, lease }: LeaseRequest,
  leaseMs: number,
): Promise<QueuedAttempt> {
  const attempt = await findAttempt(context.db, id);
  const theirs = attempt?.worker?.startsWith(holderName(principal, '')) ?? false;
  if (attempt?.state !== 'running' || attempt.lease !== lease || !theirs)
    throw new TrunklineError('lock_lost', `Attempt ${String(id)} is not this worker’s under lease ${String(lease)}`, {
      hint: 'drop this work: nothing of it is recorded any more, and the queue goes on without it',
    });
  const now = context.now();
  if ((attempt.leaseExpiresAt ?? 0) < now + leaseMs * 0.75)
    await heartbeat(context.db, leaseOf(attempt), { now, leaseMs });
  return attempt;
}

/** @throws TrunklineError `forbidden` when the token may not work for the attempt's target any more */
export function requireWork(context: TrunkContext, principal: Principal, target: string): void {
  requireTarget(context.settings, target);
  if (may(principal, 'attempt.work', { target })) return;
  throw new TrunklineError('forbidden', `You may not work for ${target}, as ${principal.name}`, {
    hint: 'an admin of this server can give the worker another token',
  });
}
