import { databaseClock, type Db } from '../db/index.ts';
import type { Logger } from '../lib/index.ts';

/** The time that leases, schedules and indices go by. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now: () => number;
  stop(): void;
}

/** Milliseconds between two looks at the database's clock. */
const LOOK = 60_000;
/** Milliseconds: an answer that took longer says nothing of the time. */
const SLOW = 1000;

/**
 * Where several servers work, the time of the database they share: one that has another time than the others would take their builds for lapsed. Between two
 * looks it goes on by the time since this machine's start, so that nobody who sets its clock moves it. With one process at a time, this machine's.
 * @throws TrunklineError `database_unreachable`
 */
export async function openClock(db: Db, log: Logger): Promise<Clock> {
  const first = await timeAhead(db);
  if (first === null) return { now: Date.now, stop: () => undefined };
  let ahead = first.by;
  const look = async () => {
    const found = await timeAhead(db);
    if (found !== null && found.took < SLOW) ahead = found.by;
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      log.debug({ err: error }, 'the database cannot be asked for the time');
    });
  }, LOOK);
  timer.unref();
  return {
    now: () => Math.round(ahead + performance.now()),
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** Milliseconds by which the database's clock is ahead of this process's time, and that it took to ask; null where there is no other clock. */
async function timeAhead(db: Db): Promise<{ by: number; took: number } | null> {
  const before = performance.now();
  const theirs = await databaseClock(db);
  if (theirs === null) return null;
  const after = performance.now();
  return { by: theirs - (before + after) / 2, took: after - before };
}
