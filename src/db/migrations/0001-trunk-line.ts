import { sql, type RawBuilder } from 'kysely';
import type { ColumnTypes } from '../adapter.ts';
import type { Migration } from './migration.ts';

/** From a commit to a repository: revisions, builds and their attempts, what was published, and what has to be told. */
export const trunkLine: Migration = {
  number: 1,
  name: '0001-trunk-line',
  async up(transaction, columns) {
    for (const statement of [...history(columns), ...work(columns), ...published(columns), ...told(columns)])
      await statement.execute(transaction);
  },
};

function history({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table migrations (number ${integer} not null primary key, name ${text} not null, applied_at ${integer} not null) ${tableEnd}`,
    sql`create table revisions (
      id ${id}, project ${text} not null, format ${text} not null,
      upstream_hash ${text} not null, upstream_info ${text} not null,
      distgit_hash ${text} not null, distgit_info ${text} not null,
      sequence ${integer} not null, version_inputs ${text}, created_at ${integer} not null,
      unique (project, format, upstream_hash, distgit_hash),
      unique (project, format, sequence)
    ) ${tableEnd}`,
    sql`create index revisions_upstream on revisions (upstream_hash)`,
    sql`create index revisions_distgit on revisions (distgit_hash)`,
    sql`create table cursors (
      project ${text} not null, format ${text} not null, upstream_hash ${text}, distgit_hash ${text},
      next_sequence ${integer} not null, previous_sequence ${integer} not null, updated_at ${integer} not null,
      primary key (project, format)
    ) ${tableEnd}`,
  ];
}

function work({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table builds (
      id ${id}, project ${text} not null, target ${text} not null,
      revision_id ${integer} not null references revisions (id), sequence ${integer} not null,
      state ${text} not null check (state in ('pending', 'running', 'finished')),
      result ${text}, reason ${text}, detail ${text}, snapshot ${text},
      created_at ${integer} not null, finished_at ${integer},
      unique (revision_id, target),
      unique (project, target, sequence)
    ) ${tableEnd}`,
    sql`create index builds_open on builds (state) where state <> 'finished'`,
    sql`create table attempts (
      id ${id}, build_id ${integer} not null references builds (id), number ${integer} not null,
      kind ${text} not null, rebuild ${integer} not null, retries ${integer} not null,
      priority ${integer} not null, commit_time ${integer} not null,
      state ${text} not null check (state in ('pending', 'running', 'finished')),
      result ${text}, reason ${text}, detail ${text},
      lease ${integer} not null, worker ${text}, lease_expires_at ${integer}, not_before_at ${integer} not null,
      created_at ${integer} not null, started_at ${integer}, finished_at ${integer},
      logs ${text}, inputs ${text}, timings ${text} not null,
      unique (build_id, number)
    ) ${tableEnd}`,
    // A build is tried once at a time, whoever asks for it.
    sql`create unique index attempts_open on attempts (build_id) where state <> 'finished'`,
    sql`create index attempts_claim on attempts (priority, commit_time, id) where state = 'pending'`,
    sql`create index attempts_running on attempts (lease_expires_at) where state = 'running'`,
  ];
}

function published({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table packages (
      id ${id}, target ${text} not null,
      build_id ${integer} not null references builds (id), attempt_id ${integer} not null references attempts (id),
      name ${text} not null, full_name ${text} not null, file_name ${text} not null, arch ${text} not null,
      kind ${text} not null, sha256 ${text} not null, unsigned_sha256 ${text} not null, size ${integer} not null,
      companions ${text} not null, created_at ${integer} not null,
      unique (target, full_name)
    ) ${tableEnd}`,
    sql`create index packages_build on packages (build_id)`,
    sql`create index packages_sha256 on packages (sha256)`,
    sql`create table snapshots (
      target ${text} not null, hash ${text} not null, parent_hash ${text}, build_id ${integer} references builds (id),
      package_count ${integer} not null, created_at ${integer} not null,
      primary key (target, hash)
    ) ${tableEnd}`,
    sql`create index snapshots_build on snapshots (build_id)`,
    sql`create table refs (
      target ${text} not null, name ${text} not null, snapshot_hash ${text} not null, moved_at ${integer} not null,
      primary key (target, name),
      foreign key (target, snapshot_hash) references snapshots (target, hash)
    ) ${tableEnd}`,
    sql`create index refs_snapshot on refs (target, snapshot_hash)`,
    sql`create table ref_moves (
      id ${id}, target ${text} not null, name ${text} not null, from_hash ${text}, to_hash ${text} not null,
      actor ${text} not null, reason ${text} not null, moved_at ${integer} not null
    ) ${tableEnd}`,
    sql`create index ref_moves_name on ref_moves (target, name, id)`,
  ];
}

function told({ id, integer, text, tableEnd }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table outbox (
      id ${id}, kind ${text} not null, topic ${text} not null, payload ${text} not null, created_at ${integer} not null,
      delivered_to ${text} not null, delivered_at ${integer}, abandoned_at ${integer},
      tries ${integer} not null, next_try_at ${integer} not null, last_error ${text}
    ) ${tableEnd}`,
    sql`create index outbox_waiting on outbox (topic, id) where delivered_at is null and abandoned_at is null`,
    sql`create table notices (
      project ${text} not null, target ${text} not null, told ${text} not null,
      build_id ${integer} references builds (id), told_at ${integer},
      primary key (project, target)
    ) ${tableEnd}`,
    sql`create table audit (
      id ${id}, actor ${text} not null, action ${text} not null, subject ${text} not null, reason ${text},
      created_at ${integer} not null
    ) ${tableEnd}`,
    sql`create index audit_subject on audit (subject, id)`,
  ];
}
