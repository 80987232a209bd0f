import {
  listOpenAttempts,
  listWorkers,
  type Db,
  type KnownWorker,
  type OpenAttempt,
  type QueuePlace,
} from '../db/index.ts';
import type { Place } from '../model/index.ts';
import { GONE, isOf } from './workers.ts';

/** Attempts that are played through at most; of those behind them it is reckoned. */
export const LOOKED_AT = 5000;

/** Who builds, what, and where. */
export interface Surroundings {
  present: KnownWorker[];
  /** What runs and what waits, in the order in which it is claimed. */
  open: OpenAttempt[];
  places: Place[];
}

/** What there is now, of what is open at most 5,000 and nothing behind `until`. `jobs` are the places that `trunkline run` has. */
export async function lookAround(
  db: Db,
  { jobs, now, until }: { jobs: number; now: number; until?: QueuePlace | undefined },
): Promise<Surroundings> {
  const present = await listWorkers(db, now - GONE);
  const open = await listOpenAttempts(db, { limit: LOOKED_AT, until });
  const running = open.filter(({ state }) => state === 'running');
  return { present, open, places: buildingPlaces({ present, running, jobs }, now) };
}

/**
 * Where builds are made: the places of the workers and servers that are `present`, with when each is free; those that take nothing new have none. Whoever
 * holds an attempt and is not among them counts too: `trunkline run` with as many places as `jobs`, anybody else with what it has in hand.
 */
function buildingPlaces(
  { present, running, jobs }: { present: readonly KnownWorker[]; running: readonly OpenAttempt[]; jobs: number },
  now: number,
): Place[] {
  const places: Place[] = [];
  const left = new Set(running);
  for (const { name, profile, targets, drainedAt } of present) {
    const held = running.filter(({ worker }) => isOf(worker ?? '', name));
    for (const one of held) left.delete(one);
    if (drainedAt !== null) continue;
    add(places, { held, count: profile.places ?? 1, targets }, now);
  }
  for (const [holder, held] of Map.groupBy(left, ({ worker }) => worker ?? '')) {
    if (holder.startsWith('run@')) add(places, { held, count: jobs, targets: null }, now);
    else for (const one of held) add(places, { held: [one], count: 1, targets: [one.target] }, now);
  }
  return places;
}

function add(
  places: Place[],
  { held, count, targets }: { held: readonly OpenAttempt[]; count: number; targets: Place['targets'] },
  now: number,
): void {
  for (const { startedAt, expected } of held) places.push({ targets, freeAt: endOf(startedAt ?? now, expected, now) });
  for (let n = held.length; n < count; n += 1) places.push({ targets, freeAt: now });
}

/** What runs longer than expected is thought to end now. */
function endOf(startedAt: number, expected: number | null, now: number): number | null {
  return expected === null ? null : Math.max(now, startedAt + expected);
}
