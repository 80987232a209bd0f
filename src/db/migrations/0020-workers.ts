import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** Who builds, as far as it was heard of. */
export const workers: Migration = {
  number: 20,
  name: '0020-workers',
  async up(transaction, { integer, text, tableEnd }) {
    await sql`create table workers (
      name ${text} not null primary key, host ${text} not null, version ${text} not null, profile ${text} not null,
      targets ${text} not null, first_seen_at ${integer} not null, seen_at ${integer} not null
    ) ${tableEnd}`.execute(transaction);
  },
};
