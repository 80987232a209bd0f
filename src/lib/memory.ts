/** Values by key, as many as weigh no more than a limit; the least recently used ones go first. */
export interface Memory<Value> {
  /** Counts as a use. */
  get(key: string): Value | undefined;
  has(key: string): boolean;
  set(key: string, value: Value): void;
  clear(): void;
  readonly size: number;
}

export function createMemory<Value>(limit: number, weigh: (value: Value) => number): Memory<Value> {
  const held = new Map<string, Value>();
  let total = 0;
  const forget = (key: string) => {
    const value = held.get(key);
    if (value === undefined) return;
    total -= weigh(value);
    held.delete(key);
  };
  return {
    get size() {
      return held.size;
    },
    has: (key) => held.has(key),
    get: (key) => {
      const value = held.get(key);
      if (value === undefined) return undefined;
      held.delete(key);
      held.set(key, value);
      return value;
    },
    set: (key, value) => {
      forget(key);
      held.set(key, value);
      total += weigh(value);
      for (const oldest of held.keys()) {
        if (total <= limit) break;
        forget(oldest);
      }
    },
    clear: () => {
      held.clear();
      total = 0;
    },
  };
}
