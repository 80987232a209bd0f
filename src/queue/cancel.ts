import { findOpenAttempt, inTransaction, requireBuild, updateAttempt, updateBuild, type DbOrTx } from '../db/index.ts';
import { audit, emit } from '../events/index.ts';
import type { Build } from '../model/index.ts';
import { concludeBuild } from './finish.ts';
import type { Asker } from './recheck.ts';
import { settle } from './settle.ts';

/**
 * Takes a build out of the queue, or its worker's lease away: the worker hears of it at its next heartbeat. A result from before stays.
 * @returns the build as it then is; unchanged when it was finished. @throws TrunklineError `not_found`
 */
export function cancel(db: DbOrTx, buildId: number, asker: Asker & { now: number }): Promise<Build> {
  const { actor, reason = null, now } = asker;
  return inTransaction(db, async (tx) => {
    const build = await requireBuild(tx, buildId);
    const open = await findOpenAttempt(tx, buildId);
    if (open === null && build.state === 'finished') return build;
    const detail = `cancelled by ${actor}${reason === null ? '' : `: ${reason}`}`;
    const result = { result: 'cancelled', reason: null, detail } as const;
    await audit(tx, { actor, action: 'cancel', subject: `build/${buildId}`, reason }, now);
    if (open === null) {
      await updateBuild(tx, buildId, settle(build, { ...result, snapshot: null }, now));
      const { project, target } = build;
      const news = { project, target, buildId, attemptId: null, result: 'cancelled', reason: null } as const;
      await emit(tx, { kind: 'build_finished', ...news }, now);
      return requireBuild(tx, buildId);
    }
    const guard = { id: open.id, state: open.state === 'running' ? 'running' : 'pending' } as const;
    const ended = await updateAttempt(tx, guard, {
      state: 'finished',
      ...result,
      finishedAt: now,
      leaseExpiresAt: null,
    });
    // It finished or was claimed in the meantime: look again.
    if (ended === null) return cancel(tx, buildId, asker);
    return (await concludeBuild(tx, ended, { ...result, snapshot: null }, now)).build;
  });
}
