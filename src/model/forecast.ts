/** Why an attempt in the queue has not begun. `no_worker`: nobody who is there can build for its target; `retry_pause`: it is tried again later; `behind`: others are before it; `next`: it begins with the next free place; `no_place`: nobody builds here. */
export type WaitReason = 'retry_pause' | 'behind' | 'next' | 'no_place' | 'no_worker';

export interface Waits {
  reason: WaitReason;
  /** Attempts that begin before it. */
  before: number;
  /** About when it starts, milliseconds since the epoch; null where nobody can say. */
  startsAt: number | null;
  /** In words, of `no_worker`. */
  detail?: string;
}

/** What a forecast needs to know of an attempt. */
export interface Forecastable {
  id: number;
  state: 'pending' | 'running';
  /** Milliseconds since the epoch. */
  notBefore: number;
  startedAt: number | null;
  /** Milliseconds it is expected to take, or null. */
  expected: number | null;
}

/**
 * When each attempt that waits will start, by playing the queue through: `attempts` are those that run, and those that wait in the order in which they
 * are taken; `places` build at once. One that runs longer than expected is thought to end now.
 */
export function forecast(
  attempts: readonly Forecastable[],
  { places, now }: { places: number; now: number },
): Map<number, Waits> {
  const running = attempts.filter(({ state }) => state === 'running');
  const free = running.map(({ startedAt, expected }) => endOf(startedAt ?? now, expected, now));
  while (free.length < places) free.push(now);
  const waits = new Map<number, Waits>();
  const waiting = attempts.filter(({ state }) => state === 'pending');
  // What is put off takes its place when its time has come.
  const order = [...waiting.filter((one) => one.notBefore <= now), ...waiting.filter((one) => one.notBefore > now)];
  let before = 0;
  for (const { id, notBefore, expected } of order) {
    const place = smallest(free);
    if (places === 0 || place === undefined) {
      waits.set(id, { reason: 'no_place', before, startsAt: null });
      continue;
    }
    const at = free[place] ?? null;
    const startsAt = at === null ? null : Math.max(at, notBefore, now);
    waits.set(id, { reason: notBefore > now ? 'retry_pause' : before === 0 ? 'next' : 'behind', before, startsAt });
    free[place] = startsAt === null || expected === null ? null : startsAt + expected;
    before += 1;
  }
  return waits;
}

function endOf(startedAt: number, expected: number | null, now: number): number | null {
  return expected === null ? null : Math.max(now, startedAt + expected);
}

/** The place that is free first; one of which nobody knows when comes last. */
function smallest(free: readonly (number | null)[]): number | undefined {
  let found: number | undefined;
  for (const [place, at] of free.entries()) {
    const best = found === undefined ? undefined : free[found];
    if (best === undefined || (at !== null && (best === null || at < best))) found = place;
  }
  return found;
}
