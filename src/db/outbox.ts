import type { Selectable } from 'kysely';
import type { DbOrTx, Tx } from './database.ts';
import type { OutboxTable } from './schema.ts';
import { parsed, storable } from './text.ts';

/** An event on its way out. */
export interface OutboxEntry {
  /** Stable: the same at every delivery. */
  id: number;
  kind: string;
  topic: string;
  payload: unknown;
  createdAt: number;
  /** Names of the handlers that have had it. */
  deliveredTo: readonly string[];
  deliveredAt: number | null;
  abandonedAt: number | null;
  tries: number;
  nextTryAt: number;
  lastError: string | null;
}

export async function insertOutbox(
  tx: Tx,
  event: { kind: string; topic: string; payload: unknown; now: number },
): Promise<number> {
  const row = await tx.sql
    .insertInto('outbox')
    .values({
      kind: event.kind,
      topic: event.topic,
      payload: JSON.stringify(event.payload),
      created_at: event.now,
      delivered_to: '[]',
      tries: 0,
      next_try_at: event.now,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/**
 * Takes the first undelivered event of some topic that is due, for the server `by` and for `leaseMs`: nobody else delivers it in that time, and after a crash
 * it is due again. Later events of a topic wait for the earlier ones. Counts as a try. null when nothing is due.
 */
export async function takeOutbox(
  db: DbOrTx,
  { now, leaseMs, by }: { now: number; leaseMs: number; by: string },
): Promise<OutboxEntry | null> {
  const row = await db.sql
    .updateTable('outbox')
    .set((eb) => ({ tries: eb('tries', '+', 1), next_try_at: now + leaseMs, taken_by: by }))
    .where('id', '=', (eb) =>
      eb
        .selectFrom('outbox as due')
        .select('due.id')
        .where('due.delivered_at', 'is', null)
        .where('due.abandoned_at', 'is', null)
        .where('due.next_try_at', '<=', now)
        .where((event) =>
          event.not(
            event.exists(
              event
                .selectFrom('outbox as earlier')
                .select('earlier.id')
                .whereRef('earlier.topic', '=', 'due.topic')
                .whereRef('earlier.id', '<', 'due.id')
                .where('earlier.delivered_at', 'is', null)
                .where('earlier.abandoned_at', 'is', null),
            ),
          ),
        )
        .orderBy('due.id')
        .limit(1)
        .$if(db.adapter.skipsLockedRows, (query) => query.forUpdate('due').skipLocked()),
    )
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toEntry(row);
}

/**
 * Lets events be delivered at once that a process took as the server `by` and did not live to deliver; where one process writes at a time, whoever took
 * them. To be called before any is taken.
 */
export async function releaseOutbox(db: DbOrTx, { now, by }: { now: number; by: string }): Promise<void> {
  await db.sql
    .updateTable('outbox')
    .set({ next_try_at: now, taken_by: null })
    .where('delivered_at', 'is', null)
    .where('taken_by', 'is not', null)
    .$if(db.adapter.skipsLockedRows, (query) => query.where('taken_by', '=', by))
    .execute();
}

/** Records what came of a try. The handlers named have had the event and are not called again. */
export async function settleOutbox(
  db: DbOrTx,
  id: number,
  outcome: { deliveredTo: readonly string[]; now: number } & (
    { delivered: true } | { delivered: false; error: string; nextTryAt: number; abandon: boolean }
  ),
): Promise<void> {
  const deliveredTo = JSON.stringify(outcome.deliveredTo);
  await db.sql
    .updateTable('outbox')
    .set(
      outcome.delivered
        ? { delivered_to: deliveredTo, delivered_at: outcome.now, last_error: null, taken_by: null }
        : {
            delivered_to: deliveredTo,
            last_error: storable(outcome.error, 2000),
            next_try_at: outcome.nextTryAt,
            abandoned_at: outcome.abandon ? outcome.now : null,
            taken_by: null,
          },
    )
    .where('id', '=', id)
    .where('delivered_at', 'is', null)
    .execute();
}

/** Events that have not been delivered, given up ones included, the oldest first. */
export async function listUndelivered(db: DbOrTx, limit = 100): Promise<OutboxEntry[]> {
  const rows = await db.sql
    .selectFrom('outbox')
    .selectAll()
    .where('delivered_at', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toEntry);
}

/** Events after the one with an id, the first one first; only of a kind where one is named. */
export async function listEvents(
  db: DbOrTx,
  { after, kind, limit }: { after: number; kind?: string; limit: number },
): Promise<OutboxEntry[]> {
  const rows = await db.sql
    .selectFrom('outbox')
    .selectAll()
    .where('id', '>', after)
    .$if(kind !== undefined, (query) => query.where('kind', '=', kind ?? ''))
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toEntry);
}

/** The id of the last event there is; 0 when there is none. */
export async function lastEventId(db: DbOrTx): Promise<number> {
  const row = await db.sql
    .selectFrom('outbox')
    .select(({ fn }) => fn.max('id').as('last'))
    .executeTakeFirst();
  return row?.last ?? 0;
}

/** All events of a topic, in the order they were written. */
export async function listTopic(db: DbOrTx, topic: string): Promise<OutboxEntry[]> {
  const rows = await db.sql.selectFrom('outbox').selectAll().where('topic', '=', topic).orderBy('id').execute();
  return rows.map(toEntry);
}

function toEntry(row: Selectable<OutboxTable>): OutboxEntry {
  return {
    id: row.id,
    kind: row.kind,
    topic: row.topic,
    payload: parsed(row.payload),
    createdAt: row.created_at,
    deliveredTo: parsed(row.delivered_to) as string[],
    deliveredAt: row.delivered_at,
    abandonedAt: row.abandoned_at,
    tries: row.tries,
    nextTryAt: row.next_try_at,
    lastError: row.last_error,
  };
}
