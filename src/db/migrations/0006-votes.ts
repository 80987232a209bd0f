import { sql, type RawBuilder } from 'kysely';
import type { ColumnTypes } from '../adapter.ts';
import type { Migration } from './migration.ts';

/** What CI systems say of builds and snapshots, and what was promoted under which name. */
export const votes: Migration = {
  number: 6,
  name: '0006-votes',
  async up(transaction, columns) {
    for (const statement of [...voted(columns), ...promoted(columns)]) await statement.execute(transaction);
  },
};

function voted({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  const verdicts = sql`where live = 1 and in_progress = 0`;
  return [
    sql`create table votes (
      id ${id}, target ${text} not null, kind ${text} not null check (kind in ('build', 'snapshot')),
      build_id ${integer} references builds (id), snapshot_hash ${text},
      job ${text} not null, in_progress ${integer} not null, success ${integer},
      url ${text}, notes ${text}, actor ${text} not null,
      voted_at ${integer} not null, made_at ${integer} not null, expires_at ${integer}, live ${integer} not null,
      created_at ${integer} not null,
      foreign key (target, snapshot_hash) references snapshots (target, hash),
      check ((kind = 'build') = (build_id is not null) and (kind = 'snapshot') = (snapshot_hash is not null)),
      check ((in_progress = 1) = (success is null) and (in_progress = 1) = (expires_at is not null))
    ) ${tableEnd}`,
    // A job has one verdict that counts on one thing, and one mark that it is at it.
    sql`create unique index votes_live_build on votes (build_id, job, in_progress) where live = 1 and kind = 'build'`,
    sql`create unique index votes_live_snapshot on votes (target, snapshot_hash, job, in_progress) where live = 1 and kind = 'snapshot'`,
    sql`create index votes_build on votes (build_id, id) where kind = 'build'`,
    sql`create index votes_snapshot on votes (target, snapshot_hash, id) where kind = 'snapshot'`,
    sql`create index votes_job on votes (job, id)`,
    sql`create index votes_marks on votes (target, expires_at) where live = 1 and in_progress = 1`,
    // What "last tested" and "last good" read, from the newest on; all they ask of a vote stands in the index.
    sql`create index votes_made on votes (target, kind, made_at, build_id, id, success, voted_at) ${verdicts}`,
    sql`create index votes_made_job on votes (target, kind, job, made_at, build_id, id, success, voted_at) ${verdicts}`,
    sql`create index votes_voted on votes (target, kind, voted_at, id, success) ${verdicts}`,
    sql`create index votes_voted_job on votes (target, kind, job, voted_at, id, success) ${verdicts}`,
  ];
}

function promoted({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table promotions (
      id ${id}, target ${text} not null, name ${text} not null, snapshot_hash ${text} not null,
      build_id ${integer} references builds (id), from_hash ${text},
      actor ${text} not null, reason ${text} not null, votes ${text} not null, promoted_at ${integer} not null,
      ended_at ${integer}, ended_by ${text}, ended_reason ${text},
      foreign key (target, snapshot_hash) references snapshots (target, hash)
    ) ${tableEnd}`,
    sql`create index promotions_name on promotions (target, name, id)`,
    sql`create index promotions_standing on promotions (target, name, id) where ended_at is null`,
    sql`create index promotions_snapshot on promotions (target, snapshot_hash, id)`,
    sql`create index promotions_build on promotions (build_id, id) where build_id is not null`,
  ];
}
