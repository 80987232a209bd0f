/** Mutual exclusion by name: within this process, and beyond it where `beyond` sees to that. */
export interface Mutexes {
  /** Runs `work` when everyone who came before for the same name is done. */
  hold<T>(name: string, work: () => Promise<T>): Promise<T>;
}

export function createMutexes(beyond?: Mutexes['hold']): Mutexes {
  const tails = new Map<string, Promise<void>>();
  return {
    async hold(name, work) {
      const before = tails.get(name) ?? Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const tail = before.then(() => promise);
      tails.set(name, tail);
      await before;
      try {
        return await (beyond === undefined ? work() : beyond(name, work));
      } finally {
        resolve(undefined);
        if (tails.get(name) === tail) tails.delete(name);
      }
    },
  };
}
