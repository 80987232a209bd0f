/** Values by key, as many as weigh no more than a limit; the least recently used ones go first. */
export interface Memory<Value> {
  /** Counts as a use. */
  get(key: string): Value | undefined;
  has(key: string): boolean;
  /** Counts as a use. */
  set(key: string, value: Value): void;
  clear(): void;
  readonly size: number;
}

/** With `idle`, everything is let go after so many milliseconds in which nothing was used; `onIdle` is told then. */
export function createMemory<Value>(
  limit: number,
  weigh: (value: Value) => number,
  { idle, onIdle }: { idle?: number; onIdle?: () => void } = {},
): Memory<Value> {
  const held = new Map<string, Value>();
  let total = 0;
  let timer: NodeJS.Timeout | undefined;
  const forget = (key: string) => {
    const value = held.get(key);
    if (value === undefined) return;
    total -= weigh(value);
    held.delete(key);
  };
  const clear = () => {
    held.clear();
    total = 0;
  };
  const rest = () => {
    timer = undefined;
    clear();
    onIdle?.();
  };
  const used = () => {
    if (timer !== undefined) timer.refresh();
    else if (idle !== undefined) timer = setTimeout(rest, idle).unref();
  };
  return {
    get size() {
      return held.size;
    },
    has: (key) => held.has(key),
    get: (key) => {
      const value = held.get(key);
      if (value === undefined) return undefined;
      used();
      held.delete(key);
      held.set(key, value);
      return value;
    },
    set: (key, value) => {
      used();
      forget(key);
      held.set(key, value);
      total += weigh(value);
      for (const oldest of held.keys()) {
        if (total <= limit) break;
        forget(oldest);
      }
    },
    clear,
  };
}
