import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** What maintainers with times of their own are still to be told. */
export const mails: Migration = {
  number: 16,
  name: '0016-mails',
  async up(transaction, { id, integer, text, tableEnd }) {
    await sql`create table mails (
      id ${id}, address ${text} not null, event_id ${integer} not null references outbox (id), due_at ${integer} not null,
      batch ${integer}, tries ${integer} not null, next_try_at ${integer} not null,
      sent_at ${integer}, abandoned_at ${integer}, last_error ${text},
      unique (address, event_id)
    ) ${tableEnd}`.execute(transaction);
    await sql`create index mails_waiting on mails (next_try_at, id) where sent_at is null and abandoned_at is null`.execute(
      transaction,
    );
    await sql`create index mails_batch on mails (batch)`.execute(transaction);
    await sql`create index mails_event on mails (event_id)`.execute(transaction);
  },
};
