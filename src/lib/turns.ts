import { TrunklineError } from './errors.ts';

/** Does a piece of work when its turn comes. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Runs at most `atOnce` pieces of work at a time; `waiting` more wait for their turn.
 * @throws TrunklineError `rate_limited` when there are more than that
 */
export function createTurns(atOnce: number, waiting: number, { what, hint }: { what: string; hint: string }): Turns {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) {
      if (queue.length >= waiting) throw new TrunklineError('rate_limited', what, { retryAfter: 5, hint });
      // Whoever ends hands its place on, so that nobody slips in between.
      await new Promise<void>((resolve) => queue.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
