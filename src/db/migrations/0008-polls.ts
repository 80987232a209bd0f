import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** When each project's repositories are looked at next. */
export const polls: Migration = {
  number: 8,
  name: '0008-polls',
  async up(transaction, { integer, text, tableEnd }) {
    await sql`create table polls (
      project ${text} not null primary key, due_at ${integer} not null,
      asked_at ${integer}, polled_at ${integer}, failures ${integer} not null, error ${text}
    ) ${tableEnd}`.execute(transaction);
    await sql`create index polls_due on polls (due_at, project)`.execute(transaction);
  },
};
