import {
  countForcedSuccesses,
  findOpenAttempt,
  inTransaction,
  requireBuild,
  updateAttempt,
  type DbOrTx,
  type QueuedAttempt,
} from '../db/index.ts';
import { audit } from '../events/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { enqueue } from './enqueue.ts';

/** Who asks for something, and why. */
export interface Asker {
  actor: string;
  reason?: string;
}

export interface RecheckRequest extends Asker {
  /** Also build again what was a success, under a new release (`.r<k>`, deb `+b<k>`). */
  force?: boolean;
  priority?: number;
  now: number;
}

/**
 * Has a build tried again: one that failed, was skipped or cancelled, and with `force` a success too. One that waits for a retry is tried at once;
 * one that is queued or running is left as it is. @returns the attempt, and whether it is a new one
 * @throws TrunklineError `not_found`; `invalid_argument` for a success without `force`
 */
export function recheck(
  db: DbOrTx,
  buildId: number,
  request: RecheckRequest,
): Promise<{ attempt: QueuedAttempt; made: boolean }> {
  const { actor, reason = null, force = false, now } = request;
  return inTransaction(db, async (tx) => {
    const build = await requireBuild(tx, buildId);
    const open = await findOpenAttempt(tx, buildId);
    if (open !== null) return { attempt: await hastened(tx, open, now), made: false };
    const again = build.result === 'success';
    if (again && !force)
      throw new TrunklineError('invalid_argument', `Build ${buildId} is a success: there is nothing to recheck`, {
        hint: 'use --force to build it again under a new release',
      });
    await audit(tx, { actor, action: again ? 'force' : 'recheck', subject: `build/${buildId}`, reason }, now);
    const rebuild = again ? (await countForcedSuccesses(tx, buildId)) + 1 : 0;
    const { priority = 0 } = request;
    const attempt = await enqueue(tx, build, { kind: again ? 'force' : 'recheck', rebuild, priority, now });
    return { attempt, made: true };
  });
}

/** An attempt that waits for its time, due now. */
async function hastened(tx: DbOrTx, open: QueuedAttempt, now: number): Promise<QueuedAttempt> {
  if (open.state !== 'pending' || open.notBefore <= now) return open;
  return (await updateAttempt(tx, { id: open.id, state: 'pending' }, { notBefore: now })) ?? open;
}
