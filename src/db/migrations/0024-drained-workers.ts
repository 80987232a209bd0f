import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** Workers that are to take nothing new. */
export const drainedWorkers: Migration = {
  number: 24,
  name: '0024-drained-workers',
  async up(transaction, { integer }) {
    await sql`alter table workers add column drained_at ${integer}`.execute(transaction);
  },
};
