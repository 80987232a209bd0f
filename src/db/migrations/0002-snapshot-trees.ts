import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** Snapshots as shared trees of packages, and when the index of each was made, so that its files can be made again. */
export const snapshotTrees: Migration = {
  number: 2,
  name: '0002-snapshot-trees',
  async up(transaction, { bytes, integer, text, tableEnd }) {
    const nodes = sql`create table tree_nodes (hash ${text} not null primary key, content ${bytes} not null) ${tableEnd}`;
    await nodes.execute(transaction);
    await sql`alter table snapshots add column index_time ${integer}`.execute(transaction);
  },
};
