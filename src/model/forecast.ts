/** Why an attempt in the queue has not begun. `no_worker`: nobody who is there can build for its target; `retry_pause`: it is tried again later; `behind`: others are before it; `next`: it begins with the next free place; `no_place`: nobody builds now. */
export type WaitReason = 'retry_pause' | 'behind' | 'next' | 'no_place' | 'no_worker';

export interface Waits {
  reason: WaitReason;
  /** Attempts that begin before it, where both could be built at one place. */
  before: number;
  /** About when it starts, milliseconds since the epoch; null where nobody can say. */
  startsAt: number | null;
  /** In words, of `no_worker`. */
  detail?: string;
}

/** What a forecast needs to know of an attempt that waits. */
export interface Forecastable {
  id: number;
  target: string;
  /** Milliseconds since the epoch. */
  notBefore: number;
  /** Milliseconds it is expected to take, or null. */
  expected: number | null;
}

/** Where one build at a time is made. */
export interface Place {
  /** Names of the targets it builds for; null: for all. */
  targets: readonly string[] | null;
  /** Milliseconds since the epoch; null where nobody can say when it is free. */
  freeAt: number | null;
}

/** Whether builds for a target are made at a place. */
export function serves({ targets }: Place, target: string): boolean {
  return targets?.includes(target) ?? true;
}

/** Targets whose builds may take a place that builds of `target` wait for, itself among them; null: all; none: there is no place for it. */
export function rivalsOf(places: readonly Place[], target: string): ReadonlySet<string> | null {
  const theirs = places.filter((place) => serves(place, target));
  if (theirs.some(({ targets }) => targets === null)) return null;
  return new Set(theirs.flatMap(({ targets }) => targets ?? []));
}

/**
 * When each attempt will start, by playing the queue through: `attempts` are those that wait, in the order in which they are taken; each takes the place
 * for its target that is free first.
 */
export function forecast(
  attempts: readonly Forecastable[],
  { places, now }: { places: readonly Place[]; now: number },
): Map<number, Waits> {
  const free = places.map((place) => ({ ...place }));
  const ahead = createAhead(places);
  const waits = new Map<number, Waits>();
  // What is put off takes its place when its time has come.
  const order = [...attempts.filter((one) => one.notBefore <= now), ...attempts.filter((one) => one.notBefore > now)];
  for (const { id, target, notBefore, expected } of order) {
    const before = ahead.of(target);
    const place = firstFree(free, target);
    if (place === undefined) {
      waits.set(id, { reason: 'no_place', before, startsAt: null });
      continue;
    }
    const startsAt = place.freeAt === null ? null : Math.max(place.freeAt, notBefore, now);
    waits.set(id, { reason: waitReason({ notBefore, before }, now), before, startsAt });
    place.freeAt = startsAt === null || expected === null ? null : startsAt + expected;
    ahead.add(target);
  }
  return waits;
}

/** Why something waits for which there is a place. */
export function waitReason({ notBefore, before }: { notBefore: number; before: number }, now: number): WaitReason {
  return notBefore > now ? 'retry_pause' : before === 0 ? 'next' : 'behind';
}

/** Counts what is before an attempt. */
function createAhead(places: readonly Place[]) {
  const rivals = new Map<string, ReadonlySet<string> | null>();
  const counted = new Map<string, number>();
  return {
    add: (target: string) => void counted.set(target, (counted.get(target) ?? 0) + 1),
    of(target: string) {
      if (!rivals.has(target)) rivals.set(target, rivalsOf(places, target));
      const against = rivals.get(target) ?? null;
      let before = 0;
      for (const [other, count] of counted) if (against?.has(other) ?? true) before += count;
      return before;
    },
  };
}

/** When the first of a target's places is free, milliseconds since the epoch; null where nobody can say. */
export function freeAt(places: readonly Place[], target: string): number | null {
  return firstFree(places, target)?.freeAt ?? null;
}

/** The place for a target that is free first; one of which nobody knows when comes last. */
function firstFree<P extends Place>(places: readonly P[], target: string): P | undefined {
  let found: P | undefined;
  for (const place of places) {
    if (!serves(place, target)) continue;
    if (found === undefined || (place.freeAt !== null && (found.freeAt === null || place.freeAt < found.freeAt)))
      found = place;
  }
  return found;
}

/** Why something waits, in words for people; when it starts is said beside. */
export function describeWaits({ reason, before, detail = '' }: Waits): string {
  const words = {
    retry_pause: 'it is tried again after a pause',
    behind: `${String(before)} before it`,
    next: 'it begins with the next free place',
    no_place: 'nobody builds now: it begins when a server, a worker or trunkline run does',
    no_worker: `nobody who is there can build it: ${detail}`,
  };
  return words[reason];
}
