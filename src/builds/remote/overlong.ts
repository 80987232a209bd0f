import { findBuild, listRunningOf, type QueuedAttempt } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { leaseOf, retryOrFinish } from '../../queue/index.ts';
import type { TrunkContext } from '../context.ts';
import { failureOf } from '../failure.ts';

type Context = Pick<TrunkContext, 'settings' | 'db' | 'now'>;

/** Before the names of all that workers hold attempts as. */
const WORKERS = 'worker/';

/**
 * Ends the attempts of workers that have had them for longer than any build takes: twice `limits.time` (the build, and the install check) and
 * `server.worker_slack` for transfers. A worker that only says that it lives keeps nothing for ever. They count as a try. Answers those that were ended.
 */
export async function endOverlong(context: Context): Promise<QueuedAttempt[]> {
  const slack = context.settings.server.workerSlack * 1000;
  const old = (await listRunningOf(context.db, WORKERS)).filter((one) => ageOf(context, one) > slack);
  const ended: QueuedAttempt[] = [];
  for (const attempt of old) {
    if (ageOf(context, attempt) <= slack + 2000 * (await longestBuild(context, attempt))) continue;
    const words = `${attempt.worker ?? 'The worker'} had it for longer than any build takes`;
    if (await failAttempt(context, attempt, new TrunklineError('sandbox_failed', words))) ended.push(attempt);
  }
  return ended;
}

/** Ends an attempt without its worker. False where somebody else was first. */
export async function failAttempt(context: Context, attempt: QueuedAttempt, error: unknown): Promise<boolean> {
  const rule = { maxRetries: context.settings.maxRetries, now: context.now() };
  const work = { result: 'failure', ...failureOf(error) } as const;
  try {
    await retryOrFinish(context.db, leaseOf(attempt), work, rule);
    return true;
  } catch (lost) {
    if (lost instanceof TrunklineError && lost.code === 'lock_lost') return false;
    throw lost;
  }
}

function ageOf({ now }: Context, { startedAt }: QueuedAttempt): number {
  return now() - (startedAt ?? 0);
}

/** Seconds; of a target that is not configured any more, what is usual. */
async function longestBuild({ settings, db }: Context, { buildId }: QueuedAttempt): Promise<number> {
  const build = await findBuild(db, buildId);
  const target = settings.targets.find(({ name }) => name === build?.target);
  return (target?.limits ?? settings.limits).time;
}
