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
      const wake = () => {
        clearTimeout(timer);
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve(undefined);
      };
      const timer = setTimeout(wake, milliseconds);
      waiting.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
      return promise;
    },
  };
}
