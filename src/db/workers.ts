import type { WorkerProfile } from '../model/index.ts';
import type { DbOrTx } from './database.ts';
import { RUNNING } from './states.ts';
import { parsed, storable } from './text.ts';

/** A worker, as it was last heard of. */
export interface KnownWorker {
  name: string;
  host: string;
  version: string;
  profile: WorkerProfile;
  /** Names of the targets it is ready for. */
  targets: readonly string[];
  firstSeenAt: number;
  seenAt: number;
  /** Since when it is to take nothing new, milliseconds since the epoch; null: it takes builds. */
  drainedAt: number | null;
}

/** Workers of one token that are remembered: names cost nothing. */
const MOST_OF_TOKEN = 100;
/** Milliseconds after which a worker that is not heard of is forgotten. */
const REMEMBERED = 30 * 86_400_000;

/** Notes what a worker says of itself; one too many of its token's is left out. */
export async function saveWorker(
  db: DbOrTx,
  worker: Omit<KnownWorker, 'firstSeenAt' | 'seenAt' | 'drainedAt'>,
  now: number,
): Promise<void> {
  const { name } = worker;
  const said = {
    host: storable(worker.host, 255),
    version: storable(worker.version, 60),
    profile: JSON.stringify(worker.profile),
    targets: JSON.stringify(worker.targets),
    seen_at: now,
  };
  const known = await db.sql.updateTable('workers').set(said).where('name', '=', name).returning('name').execute();
  if (known.length > 0) return;
  await db.sql
    .deleteFrom('workers')
    .where('seen_at', '<', now - REMEMBERED)
    .execute();
  const prefix = name.slice(0, name.lastIndexOf('/') + 1);
  const others = (await db.sql.selectFrom('workers').select('name').execute()).filter((one) =>
    one.name.startsWith(prefix),
  );
  if (others.length >= MOST_OF_TOKEN) return;
  await db.sql
    .insertInto('workers')
    .values({ name, ...said, first_seen_at: now })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(said))
    .execute();
}

/** Notes that a worker lives, if it is known. */
export async function touchWorker(db: DbOrTx, name: string, now: number): Promise<void> {
  await db.sql.updateTable('workers').set({ seen_at: now }).where('name', '=', name).execute();
}

/** Those that were heard of since, by name. */
export async function listWorkers(db: DbOrTx, since = 0): Promise<KnownWorker[]> {
  const rows = await db.sql.selectFrom('workers').selectAll().where('seen_at', '>=', since).orderBy('name').execute();
  return rows.map((row) => ({
    ...{ name: row.name, host: row.host, version: row.version },
    profile: parsed(row.profile) as WorkerProfile,
    targets: parsed(row.targets) as string[],
    ...{ firstSeenAt: row.first_seen_at, seenAt: row.seen_at, drainedAt: row.drained_at },
  }));
}

/** Has a worker that is known take nothing new from `at` on; null: has it take builds again. */
export async function markDrained(db: DbOrTx, name: string, at: number | null): Promise<void> {
  await db.sql.updateTable('workers').set({ drained_at: at }).where('name', '=', name).execute();
}

/** Since when a worker is to take nothing new; null: it is not, or is not known. */
export async function drainedSince(db: DbOrTx, name: string): Promise<number | null> {
  const row = await db.sql.selectFrom('workers').select('drained_at').where('name', '=', name).executeTakeFirst();
  return row?.drained_at ?? null;
}

/** What somebody builds now. */
export interface RunningWork {
  worker: string;
  build: number;
  attempt: number;
  project: string;
  target: string;
  /** Milliseconds since the epoch. */
  startedAt: number | null;
}

/** What is built now, those first that were begun first. */
export async function listRunningWork(db: DbOrTx): Promise<RunningWork[]> {
  const rows = await db.sql
    .selectFrom('attempts')
    .innerJoin('builds', 'builds.id', 'attempts.build_id')
    .where('attempts.state', '=', RUNNING)
    .orderBy('attempts.started_at')
    .orderBy('attempts.id')
    .select(['attempts.worker', 'attempts.number', 'attempts.build_id', 'attempts.started_at'])
    .select(['builds.project', 'builds.target'])
    .execute();
  return rows.map(({ worker, number, build_id: build, started_at: startedAt, project, target }) => ({
    ...{ worker: worker ?? '', build, attempt: number, project, target, startedAt },
  }));
}
