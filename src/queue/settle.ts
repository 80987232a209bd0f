import type { Build, BuildResult, FailureReason, SkipReason } from '../model/index.ts';

/** What an attempt came to. */
export interface AttemptResult {
  result: BuildResult;
  reason: FailureReason | SkipReason | null;
  detail: string | null;
  /** The snapshot its packages were published in; null unless it is a success. */
  snapshot: string | null;
}

export type SettledBuild = Partial<Pick<Build, 'result' | 'reason' | 'detail' | 'snapshot' | 'finishedAt'>> & {
  state: 'finished';
};

/**
 * How a build stands after an attempt. What has been published stays published: a forced rebuild that fails leaves the success (the attempt says
 * that it failed). Cancelling a recheck leaves the result there was.
 */
export function settle(build: Pick<Build, 'result'>, attempt: AttemptResult, now: number): SettledBuild {
  const keeps =
    attempt.result !== 'success' &&
    (build.result === 'success' || (build.result !== null && attempt.result === 'cancelled'));
  return keeps ? { state: 'finished' } : { state: 'finished', ...attempt, finishedAt: now };
}
