import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** How long builds take, so that the queue can say when what waits will start. */
export const durations: Migration = {
  number: 11,
  name: '0011-durations',
  async up(transaction, { integer, text, tableEnd }) {
    await sql`create table durations (
      project ${text} not null, target ${text} not null, milliseconds ${integer} not null,
      primary key (target, project)
    ) ${tableEnd}`.execute(transaction);
  },
};
