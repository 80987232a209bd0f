/** How long a retry waits: `first`, twice that, four times… milliseconds, never more than `cap`. */
export interface Backoff {
  first: number;
  cap: number;
}

/** One minute to one hour. */
export const DEFAULT_BACKOFF: Backoff = { first: 60_000, cap: 3_600_000 };

/** Milliseconds before the next try, after `retries` retries (0: after the first attempt). */
export function pauseAfter(retries: number, { first, cap }: Backoff): number {
  return Math.min(first * 2 ** Math.min(retries, 50), cap);
}
