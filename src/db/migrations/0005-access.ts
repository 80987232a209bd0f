import { sql, type RawBuilder } from 'kysely';
import type { ColumnTypes } from '../adapter.ts';
import type { Migration } from './migration.ts';

/** Users, teams, their grants and tokens; what an entry of the audit log was about in figures. */
export const access: Migration = {
  number: 5,
  name: '0005-access',
  async up(transaction, columns) {
    for (const statement of [...people(columns), ...rights(columns), ...log(columns)])
      await statement.execute(transaction);
  },
};

function people({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table users (
      id ${id}, name ${text} not null unique, password ${text}, created_at ${integer} not null, created_by ${text} not null,
      disabled_at ${integer}
    ) ${tableEnd}`,
    sql`create table teams (
      id ${id}, name ${text} not null unique, created_at ${integer} not null, created_by ${text} not null
    ) ${tableEnd}`,
    sql`create table team_members (
      team_id ${integer} not null references teams (id), user_id ${integer} not null references users (id),
      primary key (team_id, user_id)
    ) ${tableEnd}`,
    sql`create index team_members_user on team_members (user_id)`,
  ];
}

function rights({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    // A limit is '*' where there is none, so that the same grant is not there twice.
    sql`create table grants (
      id ${id}, holder_kind ${text} not null check (holder_kind in ('user', 'team', 'anonymous')),
      holder_id ${integer} not null, role ${text} not null,
      project ${text} not null, target ${text} not null, ref ${text} not null,
      created_at ${integer} not null, created_by ${text} not null,
      unique (holder_kind, holder_id, role, project, target, ref)
    ) ${tableEnd}`,
    sql`create table tokens (
      id ${id}, user_id ${integer} references users (id), name ${text} not null,
      hash ${text} not null unique, scope ${text}, worker ${text},
      created_at ${integer} not null, created_by ${text} not null, expires_at ${integer},
      last_used_at ${integer}, revoked_at ${integer}, revoked_by ${text},
      check ((user_id is null) = (worker is not null)), check (worker is null or scope is null)
    ) ${tableEnd}`,
    sql`create unique index tokens_user on tokens (user_id, name) where revoked_at is null and user_id is not null`,
    sql`create unique index tokens_worker on tokens (name) where revoked_at is null and user_id is null`,
  ];
}

function log({ text }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`alter table audit add column detail ${text}`,
    sql`create index audit_actor on audit (actor, id)`,
    sql`create index audit_created on audit (created_at, id)`,
  ];
}
