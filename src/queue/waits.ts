import { countWaitingBefore, type Db, type OpenAttempt, type QueuePlace } from '../db/index.ts';
import { forecast, freeAt, rivalsOf, waitReason, type Place, type Settings, type Waits } from '../model/index.ts';
import { lookAround } from './places.ts';
import { unservedBy } from './workers.ts';

type Known = Pick<Settings, 'targets' | 'server' | 'jobs'>;

export type OpenWaiting = OpenAttempt & { waits: Waits | null };

interface Outlook {
  open: OpenWaiting[];
  places: readonly Place[];
  unserved: ReadonlyMap<string, string>;
}

/**
 * What runs and what waits, in the order in which it is claimed, at most 5,000, with why and until when; `waits` is null for what runs. It is reckoned with
 * the places that there are for each target.
 */
export async function openAttempts(db: Db, settings: Known, now: number): Promise<OpenWaiting[]> {
  return (await lookAhead(db, settings, { now })).open;
}

/** An attempt that may wait. */
export interface Waiting extends QueuePlace {
  state: string;
  target: string;
  notBefore: number;
}

/** Why those of `attempts` that wait do so and about when each begins, by their ids. It costs what stands before the last of them, 5,000 at most. */
export async function waitsOf(
  db: Db,
  settings: Known,
  attempts: readonly Waiting[],
  now: number,
): Promise<Map<number, Waits>> {
  const waiting = attempts.filter(({ state }) => state === 'pending').sort(inOrder);
  const last = waiting.at(-1);
  if (last === undefined) return new Map();
  // What is put off stands, in time, behind others that are claimed later in order.
  const until = waiting.some(({ notBefore }) => notBefore > now) ? undefined : last;
  const outlook = await lookAhead(db, settings, { now, until });
  const known = new Map(outlook.open.map(({ id, waits }) => [id, waits]));
  const found = new Map<number, Waits>();
  for (const { id } of waiting) {
    const waits = known.get(id) ?? null;
    if (waits !== null) found.set(id, waits);
  }
  const far = waiting.filter(({ id }) => !known.has(id));
  for (const [target, ofTarget] of Map.groupBy(far, (one) => one.target))
    for (const [id, waits] of await reckon(db, ofTarget, { target, outlook, now })) found.set(id, waits);
  return found;
}

async function lookAhead(
  db: Db,
  settings: Known,
  { now, until }: { now: number; until?: QueuePlace | undefined },
): Promise<Outlook> {
  const { present, open, places } = await lookAround(db, { jobs: settings.jobs, now, until });
  const unserved = unservedBy(present, settings);
  const waiting = open.filter(({ state }) => state === 'pending');
  const waits = forecast(
    waiting.filter(({ target }) => !unserved.has(target)),
    { places, now },
  );
  for (const { id, target } of waiting) {
    const detail = unserved.get(target);
    if (detail !== undefined) waits.set(id, noWorker(detail));
  }
  return { open: open.map((one) => ({ ...one, waits: waits.get(one.id) ?? null })), places, unserved };
}

const noWorker = (detail: string): Waits => ({ reason: 'no_worker', before: 0, startsAt: null, detail });

/** Attempts of a target behind all that was played through: what is before them is counted, and taken to go on as fast. */
async function reckon(
  db: Db,
  attempts: readonly Waiting[],
  { target, outlook, now }: { target: string; outlook: Outlook; now: number },
): Promise<[number, Waits][]> {
  const detail = outlook.unserved.get(target);
  if (detail !== undefined) return attempts.map(({ id }) => [id, noWorker(detail)]);
  const rivals = rivalsOf(outlook.places, target);
  const [first, last] = [attempts[0], attempts.at(-1)];
  if (first === undefined || last === undefined) return [];
  const least = await countWaitingBefore(db, first, rivals);
  const most = first === last ? least : await countWaitingBefore(db, last, rivals);
  const each = attempts.length === 1 ? 0 : (most - least) / (attempts.length - 1);
  const startOf = pace(outlook, { target, rivals }, now);
  return attempts.map(({ id, notBefore }, index) => {
    const before = Math.round(least + each * index);
    if (rivals?.size === 0) return [id, { reason: 'no_place', before, startsAt: null }];
    const start = startOf(before);
    const startsAt = start === null ? null : Math.max(start, notBefore);
    return [id, { reason: waitReason({ notBefore, before }, now), before, startsAt }];
  });
}

/** About when a build of `target` begins that has so many before it, as fast as those that were played through begin; null where nobody can say. */
function pace(
  { open, places }: Outlook,
  { target, rivals }: { target: string; rivals: ReadonlySet<string> | null },
  now: number,
): (before: number) => number | null {
  const starts = open.flatMap(({ target: other, waits }) =>
    waits === null || waits.reason === 'no_worker' || !(rivals?.has(other) ?? true) ? [] : [waits.startsAt],
  );
  const free = freeAt(places, target);
  let latest = now;
  for (const start of starts) {
    if (start === null) return () => null;
    latest = Math.max(latest, start);
  }
  return (before) => {
    if (before === 0) return free;
    return starts.length === 0 ? null : Math.trunc(now + ((latest - now) * before) / starts.length);
  };
}

function inOrder(a: QueuePlace, b: QueuePlace): number {
  return a.priority - b.priority || a.commitTime - b.commitTime || a.id - b.id;
}
