import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** How often nodes of snapshot trees were removed: one row. Servers that hold some in memory ask before they write. */
export const removalsOfNodes: Migration = {
  number: 21,
  name: '0021-removals-of-nodes',
  async up(transaction, { integer, tableEnd }) {
    await sql`create table node_removals (count ${integer} not null) ${tableEnd}`.execute(transaction);
    await sql`insert into node_removals (count) values (0)`.execute(transaction);
  },
};
