import { sql, type RawBuilder } from 'kysely';
import type { ColumnTypes } from '../adapter.ts';
import type { Migration } from './migration.ts';

/** What is kept and what goes: pins, holds, announcements of the garbage collector, and the marks it leaves. */
export const keeping: Migration = {
  number: 3,
  name: '0003-keeping',
  async up(transaction, columns) {
    for (const statement of [...kept(columns), ...gone(columns), ...looked()]) await statement.execute(transaction);
  },
};

function kept({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table pins (
      id ${id}, target ${text} not null, project ${text} not null,
      attempt_id ${integer} not null references attempts (id),
      reason ${text} not null, actor ${text} not null, created_at ${integer} not null, until_at ${integer},
      ended_at ${integer}, ended_by ${text}, ended_reason ${text}
    ) ${tableEnd}`,
    sql`create unique index pins_active on pins (target, project) where ended_at is null`,
    sql`create table holds (
      id ${id}, target ${text} not null, snapshot_hash ${text} not null,
      reason ${text} not null, actor ${text} not null, created_at ${integer} not null, until_at ${integer},
      ended_at ${integer}, ended_by ${text}, ended_reason ${text},
      foreign key (target, snapshot_hash) references snapshots (target, hash)
    ) ${tableEnd}`,
    sql`create unique index holds_active on holds (target, snapshot_hash) where ended_at is null`,
  ];
}

function gone({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table gc_announcements (
      id ${id}, target ${text} not null, announced_at ${integer} not null, goes_at ${integer} not null,
      actor ${text} not null, told ${text} not null
    ) ${tableEnd}`,
    // Files to be removed of what the database says is gone: whoever opens the data directory next goes on where a killed process stopped.
    sql`create table gc_leftovers (
      target ${text} not null, kind ${text} not null check (kind in ('snapshot', 'package')), name ${text} not null,
      primary key (target, kind, name)
    ) ${tableEnd}`,
    ...['snapshots', 'packages'].flatMap((table) => [
      sql`alter table ${sql.table(table)} add column announcement_id ${integer} references gc_announcements (id)`,
      sql`alter table ${sql.table(table)} add column gone_at ${integer}`,
      sql`create index ${sql.id(`${table}_announced`)} on ${sql.table(table)} (announcement_id) where announcement_id is not null`,
    ]),
  ];
}

function looked(): RawBuilder<unknown>[] {
  return [
    sql`create index snapshots_created on snapshots (target, created_at, hash)`,
    sql`create index builds_snapshot on builds (target, snapshot) where snapshot is not null`,
  ];
}
