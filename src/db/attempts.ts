import type { Insertable, Selectable, Updateable } from 'kysely';
import { TrunklineError } from '../lib/index.ts';
import type { Attempt, AttemptKind, BuildInputs } from '../model/index.ts';
import type { DbOrTx } from './database.ts';
import type { AttemptsTable } from './schema.ts';
import { FINISHED } from './states.ts';
import { parsed, storableOrNull } from './text.ts';

/** An attempt with what only the queue asks of it. */
export interface QueuedAttempt extends Attempt {
  /** Retries after infrastructure errors that led to it. */
  retries: number;
  commitTime: number;
}

export interface NewAttempt {
  buildId: number;
  kind: AttemptKind;
  rebuild: number;
  retries: number;
  priority: number;
  /** Seconds since the epoch. */
  commitTime: number;
  notBefore: number;
  now: number;
}

/**
 * A new pending attempt, numbered after the build's others.
 * @returns null when the build has one that is not finished: a build is tried once at a time
 */
export async function insertAttempt(db: DbOrTx, attempt: NewAttempt): Promise<QueuedAttempt | null> {
  const number = await db.sql
    .selectFrom('attempts')
    .select(({ fn }) => fn.max('number').as('last'))
    .where('build_id', '=', attempt.buildId)
    .executeTakeFirst();
  const values: Insertable<AttemptsTable> = {
    build_id: attempt.buildId,
    number: (number?.last ?? 0) + 1,
    kind: attempt.kind,
    rebuild: attempt.rebuild,
    retries: attempt.retries,
    priority: attempt.priority,
    // git lets a commit carry any time at all.
    commit_time: Number.isFinite(attempt.commitTime) ? Math.trunc(clamp(attempt.commitTime)) : 0,
    state: 'pending',
    lease: 0,
    not_before_at: attempt.notBefore,
    created_at: attempt.now,
    timings: '{}',
  };
  const row = await db.sql
    .insertInto('attempts')
    .values(values)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toAttempt(row);
}

export async function findAttempt(db: DbOrTx, id: number): Promise<QueuedAttempt | null> {
  const row = await db.sql.selectFrom('attempts').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toAttempt(row);
}

/** The attempt with a number of a build. */
export async function findAttemptNumbered(db: DbOrTx, buildId: number, number: number): Promise<QueuedAttempt | null> {
  const row = await db.sql
    .selectFrom('attempts')
    .selectAll()
    .where('build_id', '=', buildId)
    .where('number', '=', number)
    .executeTakeFirst();
  return row === undefined ? null : toAttempt(row);
}

/** @throws TrunklineError `not_found` */
export async function requireAttempt(db: DbOrTx, id: number): Promise<QueuedAttempt> {
  const attempt = await findAttempt(db, id);
  if (attempt === null) throw new TrunklineError('not_found', `There is no attempt ${id}`);
  return attempt;
}

/** A build's attempts, the first one first. */
export async function listAttempts(db: DbOrTx, buildId: number): Promise<QueuedAttempt[]> {
  const rows = await db.sql
    .selectFrom('attempts')
    .selectAll()
    .where('build_id', '=', buildId)
    .orderBy('number')
    .execute();
  return rows.map(toAttempt);
}

/** The build's attempt that is pending or running; there is at most one. */
export async function findOpenAttempt(db: DbOrTx, buildId: number): Promise<QueuedAttempt | null> {
  const row = await db.sql
    .selectFrom('attempts')
    .selectAll()
    .where('build_id', '=', buildId)
    .where('state', '<>', FINISHED)
    .executeTakeFirst();
  return row === undefined ? null : toAttempt(row);
}

/** How many forced attempts of a build have succeeded, their retries after an infrastructure error included. */
export async function countForcedSuccesses(db: DbOrTx, buildId: number): Promise<number> {
  const row = await db.sql
    .selectFrom('attempts')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('build_id', '=', buildId)
    .where('rebuild', '>', 0)
    .where('result', '=', 'success')
    .executeTakeFirstOrThrow();
  return row.count;
}

export type AttemptChange = Partial<
  Pick<Attempt, 'state' | 'result' | 'reason' | 'detail' | 'leaseExpiresAt' | 'finishedAt' | 'logs' | 'notBefore'> & {
    inputs: BuildInputs;
    timings: Attempt['timings'];
    worker: string | null;
    startedAt: number | null;
    priority: number;
  }
>;

/** Which attempt a change is meant for: as it is known to be. Without `lease`, whatever its lease. */
export interface AttemptGuard {
  id: number;
  state: 'pending' | 'running';
  lease?: number;
}

/** Changes an attempt if it is as the guard says. @returns null when it is not, and nothing was changed */
export async function updateAttempt(
  db: DbOrTx,
  guard: AttemptGuard,
  change: AttemptChange,
): Promise<QueuedAttempt | null> {
  let query = db.sql
    .updateTable('attempts')
    .set(columnsOf(change))
    .where('id', '=', guard.id)
    .where('state', '=', guard.state);
  if (guard.lease !== undefined) query = query.where('lease', '=', guard.lease);
  const row = await query.returningAll().executeTakeFirst();
  return row === undefined ? null : toAttempt(row);
}

function columnsOf(change: AttemptChange): Updateable<AttemptsTable> {
  const { detail, leaseExpiresAt, finishedAt, startedAt, notBefore, inputs, timings, ...same } = change;
  return {
    ...same,
    ...(detail === undefined ? {} : { detail: storableOrNull(detail) }),
    ...(leaseExpiresAt === undefined ? {} : { lease_expires_at: leaseExpiresAt }),
    ...(finishedAt === undefined ? {} : { finished_at: finishedAt }),
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    ...(notBefore === undefined ? {} : { not_before_at: notBefore }),
    ...(inputs === undefined ? {} : { inputs: JSON.stringify(inputs) }),
    ...(timings === undefined ? {} : { timings: JSON.stringify(timings) }),
  };
}

function clamp(seconds: number): number {
  return Math.min(Math.max(seconds, -1e14), 1e14);
}

export function toAttempt(row: Selectable<AttemptsTable>): QueuedAttempt {
  return {
    id: row.id,
    buildId: row.build_id,
    number: row.number,
    kind: row.kind,
    rebuild: row.rebuild,
    retries: row.retries,
    priority: row.priority,
    commitTime: row.commit_time,
    state: row.state,
    result: row.result,
    reason: row.reason,
    detail: row.detail,
    lease: row.lease,
    worker: row.worker,
    leaseExpiresAt: row.lease_expires_at,
    notBefore: row.not_before_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    logs: row.logs,
    inputs: row.inputs === null ? null : (parsed(row.inputs) as BuildInputs),
    timings: parsed(row.timings) as Attempt['timings'],
  };
}
