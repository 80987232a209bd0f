import { onAbort } from './aborts.ts';

/** Wakes who waits within this process. Nothing is kept: a bell that nobody hears is lost, so that who waits looks again by himself now and then. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, after `milliseconds`, or when `signal` is aborted. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    ring: () => {
      for (const wake of [...waiting]) wake();
    },
    wait: (milliseconds, signal) => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      // Not there yet when the signal is aborted already.
      let forget = (): void => undefined;
      const wake = () => {
        clearTimeout(timer);
        waiting.delete(wake);
        forget();
        resolve(undefined);
      };
      const timer = setTimeout(wake, milliseconds);
      waiting.add(wake);
      forget = onAbort(signal, wake);
      return promise;
    },
  };
}
