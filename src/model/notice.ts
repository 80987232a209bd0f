/**
 * How one project stands on one target, in history order (DESIGN 6), whatever order its builds finished in.
 * The numbers are `Revision.sequence`; null when there is none.
 */
export interface Standing {
  newestSuccess: number | null;
  /** Failures of the infrastructure are left out: they say nothing of the package. */
  newestFailure: number | null;
}

/** What the maintainers believe: the last thing they were told, `healthy` before anything was. */
export type Told = 'healthy' | 'broken';

/** The message that is due, or null for none. */
export type Notice = 'failure' | 'recovery' | null;

/** Whether the newest decided build in history order failed. */
export function isBroken({ newestSuccess, newestFailure }: Standing): boolean {
  return newestFailure !== null && (newestSuccess === null || newestFailure > newestSuccess);
}

/**
 * The message due after a build has finished: one when a project breaks, one when it is whole again, none in between.
 * An older commit that fails late breaks nothing, and one that succeeds late mends nothing, while a newer one says otherwise.
 */
export function decideNotice(told: Told, standing: Standing): Notice {
  if (isBroken(standing)) return told === 'healthy' ? 'failure' : null;
  return told === 'broken' && standing.newestSuccess !== null ? 'recovery' : null;
}
