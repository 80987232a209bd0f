import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** Indices for lists that are read page by page, and for how each project stands, with a million builds. test/db/lists.test.ts holds the plans. */
export const lists: Migration = {
  number: 9,
  name: '0009-lists',
  async up(transaction) {
    const statements = [
      sql`create index builds_project on builds (project, id)`,
      sql`create index builds_project_target on builds (project, target, id)`,
      sql`create index builds_project_result on builds (project, result, id)`,
      sql`create index builds_project_target_result on builds (project, target, result, id)`,
      sql`create index builds_target on builds (target, id)`,
      sql`create index builds_result on builds (result, id)`,
      sql`create index builds_target_result on builds (target, result, id)`,
      sql`create index builds_standing on builds (project, target, result, sequence)`,
      sql`create index builds_unfinished on builds (project, target, state) where state <> 'finished'`,
      sql`create index packages_name on packages (name, id)`,
      sql`create index packages_target on packages (target, id)`,
      sql`create index snapshots_there on snapshots (target, created_at, hash) where gone_at is null`,
      sql`create index outbox_kind on outbox (kind, id)`,
    ];
    for (const statement of statements) await statement.execute(transaction);
  },
};
