import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** What is there of a target's snapshots, parents included, from the index alone: `why-kept` walks all of those that are retained. */
export const linesOfSnapshots: Migration = {
  number: 17,
  name: '0017-lines-of-snapshots',
  async up(transaction) {
    await sql`drop index if exists snapshots_there`.execute(transaction);
    await sql`create index snapshots_there on snapshots (target, created_at, hash, parent_hash, gone_at)
      where gone_at is null`.execute(transaction);
  },
};
