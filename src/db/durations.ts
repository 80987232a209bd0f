import { sql } from 'kysely';
import type { DbOrTx } from './database.ts';
import { PENDING, RUNNING } from './states.ts';

/** Remembers how long an attempt took: a mean in which each new one weighs a quarter, so that it follows what changes. */
export async function recordDuration(
  db: DbOrTx,
  { project, target }: { project: string; target: string },
  milliseconds: number,
): Promise<void> {
  const taken = Math.max(0, Math.trunc(milliseconds));
  await db.sql
    .insertInto('durations')
    .values({ project, target, milliseconds: taken })
    .onConflict((conflict) =>
      conflict
        .columns(['target', 'project'])
        .doUpdateSet({ milliseconds: sql<number>`cast((durations.milliseconds * 3 + ${taken}) / 4 as bigint)` }),
    )
    .execute();
}

/** An attempt in the queue as a forecast needs it. */
export interface OpenAttempt {
  id: number;
  buildId: number;
  project: string;
  target: string;
  state: 'pending' | 'running';
  notBefore: number;
  startedAt: number | null;
  /** Who builds it. */
  worker: string | null;
  /** Milliseconds such a build took before; of others of its target where it was never built; null where nothing is known. */
  expected: number | null;
}

/** Where an attempt stands in the order in which they are claimed. */
export interface QueuePlace {
  priority: number;
  /** Seconds since the epoch. */
  commitTime: number;
  id: number;
}

/** What runs, and what waits in the order in which it is claimed, at most `limit`; with `until` nothing that is claimed later than that. */
export async function listOpenAttempts(
  db: DbOrTx,
  { limit, until }: { limit: number; until?: QueuePlace | undefined },
): Promise<OpenAttempt[]> {
  const open = (state: typeof PENDING) =>
    db.sql
      .selectFrom('attempts')
      .innerJoin('builds', 'builds.id', 'attempts.build_id')
      .leftJoin('durations', (join) =>
        join.onRef('durations.target', '=', 'builds.target').onRef('durations.project', '=', 'builds.project'),
      )
      .where('attempts.state', '=', state)
      .$if(until !== undefined && state === PENDING, (query) =>
        query.where(
          sql<boolean>`(attempts.priority, attempts.commit_time, attempts.id) <= (${until?.priority ?? 0}, ${until?.commitTime ?? 0}, ${until?.id ?? 0})`,
        ),
      )
      .orderBy('attempts.priority')
      .orderBy('attempts.commit_time')
      .orderBy('attempts.id')
      .limit(limit)
      .select(['attempts.id', 'attempts.build_id', 'builds.project', 'builds.target', 'attempts.state'])
      .select(['attempts.not_before_at', 'attempts.started_at', 'attempts.worker', 'durations.milliseconds'])
      .execute();
  const rows = [...(await open(RUNNING)), ...(await open(PENDING))];
  const unknown = rows.some(({ milliseconds }) => milliseconds === null);
  const usual = unknown ? await usualDurations(db) : new Map<string, number>();
  return rows.map((row) => ({
    ...{ id: row.id, buildId: row.build_id, project: row.project, target: row.target },
    state: row.state === 'running' ? 'running' : 'pending',
    ...{ notBefore: row.not_before_at, startedAt: row.started_at, worker: row.worker },
    expected: row.milliseconds ?? usual.get(row.target) ?? null,
  }));
}

/** How many attempts wait that are claimed before this place, for one of `targets`; null: for any. */
export async function countWaitingBefore(
  db: DbOrTx,
  { priority, commitTime, id }: QueuePlace,
  targets: ReadonlySet<string> | null,
): Promise<number> {
  // Not every engine takes an empty list.
  if (targets?.size === 0) return 0;
  const row = await db.sql
    .selectFrom('attempts')
    .where('attempts.state', '=', PENDING)
    .where(sql<boolean>`(attempts.priority, attempts.commit_time, attempts.id) < (${priority}, ${commitTime}, ${id})`)
    .$if(targets !== null, (query) =>
      query.innerJoin('builds', 'builds.id', 'attempts.build_id').where('builds.target', 'in', [...(targets ?? [])]),
    )
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

/** The mean of a target's projects, in milliseconds. */
async function usualDurations(db: DbOrTx): Promise<Map<string, number>> {
  const rows = await db.sql
    .selectFrom('durations')
    .groupBy('target')
    .select(['target', ({ fn }) => fn.avg('milliseconds').as('usual')])
    .execute();
  return new Map(rows.map(({ target, usual }) => [target, Math.trunc(Number(usual))]));
}
