import { sql } from 'kysely';
import { inTransaction, type Db, type DbOrTx } from './database.ts';
import { storable, storableOrNull } from './text.ts';

/** A proven delivery of a forge. */
export interface NewDelivery {
  /** The forge, as the configuration names it. */
  source: string;
  deliveryId: string;
  /** SHA-256 of the body, where nothing proves the id; else null. */
  bodyDigest: string | null;
  event: string;
  origin: string | null;
  body: Buffer;
}

/** `duplicate`: it is there already. `replayed`: its body is there, under another id. */
export type Stored = 'stored' | 'duplicate' | 'replayed';

/** Stores deliveries in one transaction; what became of each, in their order. */
export function insertDeliveries(db: Db, deliveries: readonly NewDelivery[], now: number): Promise<Stored[]> {
  return db.transaction(async (tx) => {
    const stored: Stored[] = [];
    for (const one of deliveries) {
      const row = await tx.sql
        .insertInto('webhook_deliveries')
        .values({
          source: one.source,
          delivery_id: one.deliveryId,
          body_digest: one.bodyDigest,
          event: one.event,
          origin: one.origin,
          body: one.body,
          received_at: now,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      stored.push(row !== undefined ? 'stored' : (await isKnown(tx, one)) ? 'duplicate' : 'replayed');
    }
    return stored;
  });
}

async function isKnown(db: DbOrTx, { source, deliveryId }: NewDelivery): Promise<boolean> {
  const row = await db.sql
    .selectFrom('webhook_deliveries')
    .select('id')
    .where('source', '=', source)
    .where('delivery_id', '=', deliveryId)
    .executeTakeFirst();
  return row !== undefined;
}

export interface WaitingDelivery extends Omit<NewDelivery, 'bodyDigest'> {
  id: number;
}

/** What came of one. */
export interface WorkedOutcome {
  outcome: string;
  detail: string | null;
}

/**
 * Works the oldest deliveries that wait, at most `limit`, in one transaction with what they lead to; of several servers each takes others. `work` answers
 * what came of each, in their order. @returns how many there were
 */
export function workDeliveries(
  db: Db,
  { limit, now }: { limit: number; now: number },
  work: (tx: DbOrTx, deliveries: readonly WaitingDelivery[]) => Promise<readonly WorkedOutcome[]>,
): Promise<number> {
  return inTransaction(db, async (tx) => {
    const rows = await tx.sql
      .selectFrom('webhook_deliveries')
      .selectAll()
      .where('worked_at', 'is', null)
      .orderBy('id')
      .limit(limit)
      .$if(tx.adapter.skipsLockedRows, (query) => query.forUpdate().skipLocked())
      .execute();
    if (rows.length === 0) return 0;
    const waiting = rows.map(({ id, source, delivery_id: deliveryId, event, origin, body }) => ({
      ...{ id, source, deliveryId, event, origin },
      body: body ?? Buffer.alloc(0),
    }));
    const outcomes = await work(tx, waiting);
    const alike = Map.groupBy(waiting.entries(), ([at]) => JSON.stringify(outcomes[at]));
    for (const some of alike.values()) {
      const [first] = some;
      const came = first === undefined ? undefined : outcomes[first[0]];
      if (came === undefined) throw new Error('a delivery was not worked');
      await tx.sql
        .updateTable('webhook_deliveries')
        .set({
          body: null,
          worked_at: now,
          outcome: storable(came.outcome, 100),
          detail: storableOrNull(came.detail),
        })
        .where(
          'id',
          'in',
          some.map(([, { id }]) => id),
        )
        .execute();
    }
    return rows.length;
  });
}

/** Forgets worked deliveries that were received before a moment: from then on one that is sent again is a new one. @returns how many */
export async function forgetDeliveries(db: DbOrTx, before: number): Promise<number> {
  const result = await db.sql
    .deleteFrom('webhook_deliveries')
    .where('received_at', '<', before)
    .where('worked_at', 'is not', null)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** What became of deliveries, by forge and outcome; `waiting` for those that have not been worked. */
export async function countDeliveries(db: DbOrTx): Promise<{ source: string; outcome: string; count: number }[]> {
  const rows = await db.sql
    .selectFrom('webhook_deliveries')
    .select(({ fn }) => [
      'source',
      sql<string>`coalesce(outcome, 'waiting')`.as('outcome'),
      fn.countAll<number | string>().as('count'),
    ])
    .groupBy(['source', sql`coalesce(outcome, 'waiting')`])
    .orderBy('source')
    .orderBy(sql`coalesce(outcome, 'waiting')`)
    .execute();
  return rows.map(({ count, ...row }) => ({ ...row, count: Number(count) }));
}
