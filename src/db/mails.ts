import type { DbOrTx } from './database.ts';
import { inTransaction } from './database.ts';
import { storable } from './text.ts';

/** What one mail tells one maintainer. */
export interface MailBatch {
  /** Stable: a second try has the same, and tells the same. */
  id: number;
  address: string;
  /** Ids of the events, the first one first. */
  events: readonly number[];
  /** This one counted. */
  tries: number;
}

/** Keeps an event for addresses until it is due; what is kept already stays as it is. Answers all addresses for whom it is, or was. */
export async function keepMails(db: DbOrTx, eventId: number, due: ReadonlyMap<string, number>): Promise<Set<string>> {
  const rows = [...due].map(([address, dueAt]) => ({
    ...{ address, event_id: eventId, due_at: dueAt, batch: null, tries: 0, next_try_at: dueAt },
  }));
  if (rows.length > 0)
    await db.sql
      .insertInto('mails')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['address', 'event_id']).doNothing())
      .execute();
  const kept = await db.sql.selectFrom('mails').select('address').where('event_id', '=', eventId).execute();
  return new Set(kept.map(({ address }) => address));
}

export async function isMailDue(db: DbOrTx, now: number): Promise<boolean> {
  return (await firstDue(db, now)) !== undefined;
}

/**
 * What is due to be said to somebody: all that is due to one address, or what was tried before, as it was. Counts as a try; it is due again at once. To be
 * called by one at a time. null when nothing is due.
 */
export function takeMails(db: DbOrTx, now: number): Promise<MailBatch | null> {
  return inTransaction(db, async (tx) => {
    const first = await firstDue(tx, now);
    if (first === undefined) return null;
    const id = first.batch ?? first.id;
    if (first.batch === null)
      await tx.sql
        .updateTable('mails')
        .set({ batch: id })
        .where('address', '=', first.address)
        // The first in any case: a batch of nothing could not be settled, and would be taken for ever.
        .where((eb) => eb.or([eb('due_at', '<=', now), eb('id', '=', id)]))
        .where('batch', 'is', null)
        .where('sent_at', 'is', null)
        .where('abandoned_at', 'is', null)
        .execute();
    const rows = await tx.sql
      .updateTable('mails')
      .set(({ eb }) => ({ tries: eb('tries', '+', 1) }))
      .where('batch', '=', id)
      .returning(['event_id', 'tries'])
      .execute();
    const events = rows.map((row) => row.event_id).sort((a, b) => a - b);
    return { id, address: first.address, events, tries: rows[0]?.tries ?? 1 };
  });
}

/** Records what came of a try. */
export async function settleMails(
  db: DbOrTx,
  batch: number,
  outcome: { now: number } & ({ sent: true } | { sent: false; error: string; nextTryAt: number; abandon: boolean }),
): Promise<void> {
  await db.sql
    .updateTable('mails')
    .set(
      outcome.sent
        ? { sent_at: outcome.now, last_error: null }
        : {
            last_error: storable(outcome.error, 2000),
            next_try_at: outcome.nextTryAt,
            abandoned_at: outcome.abandon ? outcome.now : null,
          },
    )
    .where('batch', '=', batch)
    .execute();
}

function firstDue(db: DbOrTx, now: number) {
  return db.sql
    .selectFrom('mails')
    .select(['id', 'address', 'batch'])
    .where('sent_at', 'is', null)
    .where('abandoned_at', 'is', null)
    .where('next_try_at', '<=', now)
    .orderBy('next_try_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
}
