import { TrunklineError } from '../lib/index.ts';

/**
 * Runs at most `atOnce` pieces of work at a time; `waiting` more wait for their turn.
 * @throws TrunklineError `rate_limited` when there are more than that
 */
export function createTurns(atOnce: number, waiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) {
      if (queue.length >= waiting)
        throw new TrunklineError('rate_limited', 'Too many people log in at this moment', {
          retryAfter: 5,
          hint: 'try again in a few seconds, or use a token',
        });
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
