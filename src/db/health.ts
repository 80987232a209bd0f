import { sql } from 'kysely';
import type { DbOrTx } from './database.ts';
import { RUNNING } from './states.ts';

/** The clock of the database's server in milliseconds since the epoch; null where it is ours. */
export async function databaseClock(db: DbOrTx): Promise<number | null> {
  // Only where several machines write do they have several clocks.
  if (!db.adapter.skipsLockedRows) return null;
  const { rows } = await sql<{ now: string }>`select extract(epoch from clock_timestamp()) * 1000 as now`.execute(
    db.sql,
  );
  return Math.round(Number(rows[0]?.now));
}

/** When the last event and the last audit entry were written, in milliseconds since the epoch; null before the first. */
export async function newestWriting(db: DbOrTx): Promise<number | null> {
  const times: number[] = [];
  for (const table of ['outbox', 'audit'] as const) {
    const row = await db.sql.selectFrom(table).select('created_at').orderBy('id', 'desc').limit(1).executeTakeFirst();
    if (row !== undefined) times.push(row.created_at);
  }
  return times.length === 0 ? null : Math.max(...times);
}

/** A running attempt whose lease has run out. */
export interface Lapsed {
  buildId: number;
  number: number;
  worker: string | null;
  leaseExpiresAt: number;
}

/** Running attempts whose lease ran out before a moment, the first that did first. */
export async function listLapsed(db: DbOrTx, before: number, limit = 100): Promise<Lapsed[]> {
  const rows = await db.sql
    .selectFrom('attempts')
    .select(['build_id', 'number', 'worker', 'lease_expires_at'])
    .where('state', '=', RUNNING)
    .where('lease_expires_at', '<', before)
    .orderBy('lease_expires_at')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    ...{ buildId: row.build_id, number: row.number, worker: row.worker },
    leaseExpiresAt: row.lease_expires_at ?? 0,
  }));
}

/** Events that wait since a time, and those given up since another, the oldest first. */
export async function listStuckEvents(
  db: DbOrTx,
  { waitingSince, abandonedSince }: { waitingSince: number; abandonedSince: number },
  limit = 100,
): Promise<{ id: number; kind: string; createdAt: number; abandoned: boolean; lastError: string | null }[]> {
  const rows = await db.sql
    .selectFrom('outbox')
    .select(['id', 'kind', 'created_at', 'abandoned_at', 'last_error'])
    .where('delivered_at', 'is', null)
    .where((eb) =>
      eb.or([
        eb.and([eb('abandoned_at', 'is', null), eb('created_at', '<', waitingSince)]),
        eb('abandoned_at', '>=', abandonedSince),
      ]),
    )
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    ...{ id: row.id, kind: row.kind, createdAt: row.created_at },
    ...{ abandoned: row.abandoned_at !== null, lastError: row.last_error },
  }));
}

/** The largest id a package has; 0 when there is none. */
export async function lastPackageId(db: DbOrTx): Promise<number> {
  const row = await db.sql
    .selectFrom('packages')
    .select(({ fn }) => fn.max('id').as('last'))
    .executeTakeFirst();
  return row?.last ?? 0;
}
