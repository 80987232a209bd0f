import type { JailResult } from '../../../lib/jail/index.ts';
import type { FailureReason, Limits } from '../../../model/index.ts';

/** Trouble of the machine or of a base repository: says nothing of the source, and may be gone at the next try. */
export class MachineTrouble extends Error {}

/** A limit ended a run. */
export class LimitReached extends Error {
  readonly stop: 'time' | 'output' | 'memory';

  constructor(stop: 'time' | 'output' | 'memory', during: string) {
    super(during);
    this.stop = stop;
  }
}

/** A failure that says something of the source or the packages. */
export interface Failure {
  reason: FailureReason;
  detail: string | null;
}

/** Ends the build when a limit or the caller ended the run. @throws LimitReached, or the caller's reason for aborting. */
export function stopped(result: JailResult, during: string, signal?: AbortSignal): void {
  if (result.stop === 'aborted') {
    signal?.throwIfAborted();
    throw new DOMException(`${during} was aborted`, 'AbortError');
  }
  if (result.stop !== null) throw new LimitReached(result.stop, during);
}

/**
 * Fetches by the metadata that were read when the root was prepared, and once more by new ones when that fails: a distribution removes packages when
 * it has newer ones.
 */
export async function fetchFresh<T>(fetch: (fresh: boolean) => Promise<T>): Promise<T> {
  try {
    return await fetch(false);
  } catch (error) {
    if (!(error instanceof MachineTrouble)) throw error;
    return fetch(true);
  }
}

/** What an exception of this driver means for a build; others are passed on. */
export function failureOf(error: unknown, limits: Limits): Failure {
  if (error instanceof MachineTrouble) return { reason: 'infra_error', detail: error.message };
  if (!(error instanceof LimitReached)) throw error;
  switch (error.stop) {
    case 'time':
      return {
        reason: 'timeout',
        detail: `${error.message} took longer than the limit of ${limits.time} s (limits.time)`,
      };
    case 'memory':
      return {
        reason: 'build_failed',
        detail: `${error.message} needed more memory than the limit of ${mebibytes(limits.memory)} MiB (limits.memory)`,
      };
    case 'output':
      return {
        reason: 'build_failed',
        detail: `${error.message} printed more than the limit of ${mebibytes(limits.output)} MiB (limits.output)`,
      };
  }
}

/** Words of the kernel, rpm and dpkg for a disk that is full. */
const FULL = /no space left on device|more space (is )?needed|needs \d+ ?[kKMGT]?i?B more space/i;

/** Names the limit that made a disk full, where the words of a failure say no more than that it was. What only says so is none the less a failure. */
export function withDiskLimit(failure: Failure, limits: Pick<Limits, 'disk'>): Failure {
  const { reason, detail } = failure;
  if (detail === null || !FULL.test(detail)) return failure;
  return { reason, detail: `${detail} (limits.disk: what is written may have ${mebibytes(limits.disk)} MiB)` };
}

function mebibytes(bytes: number): number {
  return Math.round((bytes / 1024 ** 2) * 10) / 10;
}
