import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/**
 * Packages that come from no build: an upload brought them. SQLite cannot lift a `not null`, so the columns of the build are made anew; both engines
 * take these statements.
 */
export const uploads: Migration = {
  number: 4,
  name: '0004-uploads',
  async up(transaction, { id, integer, text, tableEnd }) {
    const statements = [
      sql`create table uploads (
        id ${id}, target ${text} not null, project ${text} not null, files ${text} not null, snapshot ${text} not null,
        actor ${text} not null, reason ${text}, logs ${text} not null, created_at ${integer} not null
      ) ${tableEnd}`,
      sql`create index uploads_project on uploads (target, project, id)`,
      sql`drop index packages_build`,
      sql`alter table packages rename column build_id to old_build_id`,
      sql`alter table packages rename column attempt_id to old_attempt_id`,
      sql`alter table packages add column build_id ${integer} references builds (id)`,
      sql`alter table packages add column attempt_id ${integer} references attempts (id)`,
      sql`update packages set build_id = old_build_id, attempt_id = old_attempt_id`,
      sql`alter table packages drop column old_build_id`,
      sql`alter table packages drop column old_attempt_id`,
      // A package comes from a build or from an upload.
      sql`alter table packages add column upload_id ${integer} references uploads (id)
        check ((upload_id is null) <> (build_id is null) and (build_id is null) = (attempt_id is null))`,
      sql`create index packages_build on packages (build_id)`,
      sql`create index packages_upload on packages (upload_id)`,
    ];
    for (const statement of statements) await statement.execute(transaction);
  },
};
