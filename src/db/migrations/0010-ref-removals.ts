import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/**
 * A ref that is taken away has moved to nowhere. SQLite cannot lift a `not null`, so the column is made anew; both engines take these statements.
 */
export const refRemovals: Migration = {
  number: 10,
  name: '0010-ref-removals',
  async up(transaction, { text }) {
    const statements = [
      sql`alter table ref_moves rename column to_hash to old_to_hash`,
      sql`alter table ref_moves add column to_hash ${text}`,
      sql`update ref_moves set to_hash = old_to_hash`,
      sql`alter table ref_moves drop column old_to_hash`,
      sql`create index ref_moves_removed on ref_moves (target, name) where to_hash is null`,
      // What refs pointed at a moment ago.
      sql`create index ref_moves_moved on ref_moves (target, moved_at)`,
    ];
    for (const statement of statements) await statement.execute(transaction);
  },
};
