import type { Selectable } from 'kysely';
import type { DbOrTx } from './database.ts';
import type { UploadsTable } from './schema.ts';
import { parsed, storable, storableOrNull } from './text.ts';

/** Packages built elsewhere that somebody brought into a target's repository. */
export interface Upload {
  id: number;
  target: string;
  /** The owner of the packages in the repository. */
  project: string;
  /** Names of the files as they were given. */
  files: readonly string[];
  /** The snapshot they came in with. */
  snapshot: string;
  actor: string;
  reason: string | null;
  /** Directory of the install check's log. */
  logs: string;
  createdAt: number;
}

export async function insertUpload(db: DbOrTx, upload: Omit<Upload, 'id'>): Promise<Upload> {
  const row = await db.sql
    .insertInto('uploads')
    .values({
      target: upload.target,
      project: storable(upload.project, 500),
      files: JSON.stringify(upload.files.map((name) => storable(name, 500))),
      snapshot: upload.snapshot,
      actor: storable(upload.actor, 500),
      reason: storableOrNull(upload.reason),
      logs: upload.logs,
      created_at: upload.createdAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toUpload(row);
}

export async function findUpload(db: DbOrTx, id: number): Promise<Upload | null> {
  const row = await db.sql.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toUpload(row);
}

/** A target's uploads, the last made first. */
export async function listUploads(db: DbOrTx, target: string, limit = 100): Promise<Upload[]> {
  const uploads = db.sql.selectFrom('uploads').selectAll().where('target', '=', target);
  return (await uploads.orderBy('id', 'desc').limit(limit).execute()).map(toUpload);
}

function toUpload(row: Selectable<UploadsTable>): Upload {
  return {
    id: row.id,
    target: row.target,
    project: row.project,
    files: parsed(row.files) as string[],
    snapshot: row.snapshot,
    actor: row.actor,
    reason: row.reason,
    logs: row.logs,
    createdAt: row.created_at,
  };
}
