import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** What one attempt published: asked by pins, and by gc for each it may keep; it was a walk over all packages. */
export const packagesOfAttempts: Migration = {
  number: 22,
  name: '0022-packages-of-attempts',
  async up(transaction) {
    await sql`create index packages_attempt on packages (attempt_id)`.execute(transaction);
  },
};
