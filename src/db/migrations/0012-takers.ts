import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** Which server has an event or a project in hand, so that one that starts again knows what it left. */
export const takers: Migration = {
  number: 12,
  name: '0012-takers',
  async up(transaction, { text }) {
    for (const table of ['outbox', 'polls'])
      await sql`alter table ${sql.table(table)} add column taken_by ${text}`.execute(transaction);
  },
};
