import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** Which attempts' logs have been compressed: those of attempts that are over. */
export const packedLogs: Migration = {
  number: 14,
  name: '0014-packed-logs',
  async up(transaction, { integer }) {
    await sql`alter table attempts add column logs_packed_at ${integer}`.execute(transaction);
    await sql`create index attempts_unpacked on attempts (finished_at) where logs_packed_at is null`.execute(
      transaction,
    );
  },
};
