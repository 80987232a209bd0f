import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';
import { FINISHED, PENDING, RUNNING } from './states.ts';
import { toAttempt, type QueuedAttempt } from './attempts.ts';
import { updateBuild } from './builds.ts';
import { inTransaction, type DbOrTx } from './database.ts';
import type { Schema } from './schema.ts';

/** Which pending attempts a worker may take. An empty list takes nothing; one left out takes all. */
export interface ClaimFilter {
  targets?: readonly string[];
  projects?: readonly string[];
  /** Projects that are left out. */
  without?: readonly string[];
  buildIds?: readonly number[];
}

export interface ClaimRequest {
  /** Who claims: `<process>/<slot>`, unique among the living. */
  worker: string;
  now: number;
  /** Milliseconds until the claim lapses unless it is renewed. */
  leaseMs: number;
  filter?: ClaimFilter;
}

/**
 * Takes the first attempt that is due, by priority, then commit time, then id, with its build then running; null when none is. No two claimers get the
 * same one.
 * PostgreSQL: all in one statement, and rows that another claimer is just taking are stepped over, not waited for. SQLite: one writer at a time, nothing
 * to step over.
 */
export async function claimAttempt(db: DbOrTx, request: ClaimRequest): Promise<QueuedAttempt | null> {
  const row = await (db.adapter.changesInWith ? claimAtOnce(db, request) : claimInTurn(db, request));
  return row === undefined ? null : toAttempt(row);
}

function claimAtOnce(db: DbOrTx, request: ClaimRequest) {
  return db.sql
    .with('claimed', () => firstDue(db, request))
    .with('begun', (query) =>
      query
        .updateTable('builds')
        .from('claimed')
        .set({ state: RUNNING })
        .whereRef('builds.id', '=', 'claimed.build_id'),
    )
    .selectFrom('claimed')
    .selectAll()
    .executeTakeFirst();
}

function claimInTurn(db: DbOrTx, request: ClaimRequest) {
  return inTransaction(db, async (tx) => {
    const row = await firstDue(tx, request).executeTakeFirst();
    if (row !== undefined) await updateBuild(tx, row.build_id, { state: 'running' });
    return row;
  });
}

function firstDue(db: DbOrTx, request: ClaimRequest) {
  const { now, filter = {} } = request;
  return db.sql
    .updateTable('attempts')
    .set((eb) => ({
      state: 'running' as const,
      worker: request.worker,
      lease: eb('lease', '+', 1),
      lease_expires_at: now + request.leaseMs,
      started_at: now,
    }))
    .where('id', '=', (eb) =>
      eb
        .selectFrom('attempts as due')
        .innerJoin('builds', 'builds.id', 'due.build_id')
        .select('due.id')
        .where('due.state', '=', PENDING)
        .where('due.not_before_at', '<=', now)
        .where((builds) => matching(builds, filter))
        .orderBy('due.priority')
        .orderBy('due.commit_time')
        .orderBy('due.id')
        .limit(1)
        .$if(db.adapter.skipsLockedRows, (query) => query.forUpdate('due').skipLocked()),
    )
    .returningAll();
}

/** The lease under which each of these attempts is running; those that do not run are left out. */
export async function listHeld(db: DbOrTx, ids: readonly number[]): Promise<Map<number, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db.sql
    .selectFrom('attempts')
    .select(['id', 'lease'])
    .where('id', 'in', [...ids])
    .where('state', '=', RUNNING)
    .execute();
  return new Map(rows.map(({ id, lease }) => [id, lease]));
}

/** Running attempts whose claim lapsed before `now`. */
export async function listExpired(db: DbOrTx, now: number): Promise<QueuedAttempt[]> {
  const rows = await db.sql
    .selectFrom('attempts')
    .selectAll()
    .where('state', '=', RUNNING)
    .where('lease_expires_at', '<', now)
    .orderBy('id')
    .execute();
  return rows.map(toAttempt);
}

/** Running attempts whose worker's name begins with `prefix`. */
export async function listRunningOf(db: DbOrTx, prefix: string): Promise<QueuedAttempt[]> {
  return (await runningOf(db, prefix).selectAll().orderBy('id').execute()).map(toAttempt);
}

/** How many attempts run whose worker's name begins with `prefix`. */
export async function countRunningOf(db: DbOrTx, prefix: string): Promise<number> {
  const counted = runningOf(db, prefix).select(({ fn }) => fn.countAll<number>().as('count'));
  return (await counted.executeTakeFirstOrThrow()).count;
}

function runningOf(db: DbOrTx, prefix: string) {
  return db.sql
    .selectFrom('attempts')
    .where('state', '=', RUNNING)
    .where(sql<boolean>`substr(worker, 1, ${prefix.length}) = ${prefix}`);
}

export interface QueueState {
  /** Pending and due. */
  ready: number;
  /** Pending, and put off: retries in their back-off. */
  waiting: number;
  running: number;
  /** When the first of `waiting` is due, or null. */
  nextAt: number | null;
}

/** What is in the queue, of certain builds or of all. */
export async function readQueue(db: DbOrTx, now: number, filter: ClaimFilter = {}): Promise<QueueState> {
  const ofSome = Object.values(filter).some((one) => one !== undefined);
  const row = await db.sql
    .selectFrom('attempts')
    .where('attempts.state', '<>', FINISHED)
    .$if(ofSome, (query) =>
      query.where((eb) =>
        eb.exists(
          eb
            .selectFrom('builds')
            .select('builds.id')
            .whereRef('builds.id', '=', 'attempts.build_id')
            .where((builds) => matching(builds, filter)),
        ),
      ),
    )
    .select(({ fn, eb }) => {
      const due = eb('attempts.not_before_at', '<=', now);
      const pending = eb('attempts.state', '=', 'pending');
      const waiting = eb.and([pending, eb('attempts.not_before_at', '>', now)]);
      return [
        fn
          .countAll<number>()
          .filterWhere(eb.and([pending, due]))
          .as('ready'),
        fn.countAll<number>().filterWhere(waiting).as('waiting'),
        fn.countAll<number>().filterWhere('attempts.state', '=', 'running').as('running'),
        fn.min('attempts.not_before_at').filterWhere(waiting).as('nextAt'),
      ];
    })
    .executeTakeFirstOrThrow();
  return row;
}

function matching(eb: ExpressionBuilder<Schema, 'builds'>, filter: ClaimFilter): Expression<SqlBool> {
  const conditions: Expression<SqlBool>[] = [];
  // Not every engine takes an empty list.
  const oneOf = (column: 'builds.target' | 'builds.project' | 'builds.id', values: readonly (string | number)[]) =>
    conditions.push(values.length === 0 ? eb.lit(false) : eb(column, 'in', values as never));
  if (filter.targets !== undefined) oneOf('builds.target', filter.targets);
  if (filter.projects !== undefined) oneOf('builds.project', filter.projects);
  if (filter.buildIds !== undefined) oneOf('builds.id', filter.buildIds);
  if (filter.without !== undefined && filter.without.length > 0)
    conditions.push(eb('builds.project', 'not in', [...filter.without]));
  return eb.and(conditions);
}

/** Projects that have something in the queue. */
export async function listQueuedProjects(db: DbOrTx): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('attempts')
    .innerJoin('builds', 'builds.id', 'attempts.build_id')
    .where('attempts.state', '=', PENDING)
    .select('builds.project')
    .distinct()
    .execute();
  return rows.map(({ project }) => project);
}
