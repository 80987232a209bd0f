import type { Selectable } from 'kysely';
import type { DbOrTx } from './database.ts';
import type { SnapshotsTable } from './schema.ts';

/** An immutable list of packages of a target's repository, named by the list's hash. */
export interface SnapshotRecord {
  target: string;
  hash: string;
  /** The snapshot it was made from, or null for the first one. */
  parentHash: string | null;
  /** The build that was published in it, or null. */
  buildId: number | null;
  packageCount: number;
  createdAt: number;
}

/** Records a snapshot. The same list made again is the snapshot that is there, with the history it had. */
export async function insertSnapshot(db: DbOrTx, snapshot: SnapshotRecord): Promise<{ inserted: boolean }> {
  const result = await db.sql
    .insertInto('snapshots')
    .values({
      target: snapshot.target,
      hash: snapshot.hash,
      parent_hash: snapshot.parentHash,
      build_id: snapshot.buildId,
      package_count: snapshot.packageCount,
      created_at: snapshot.createdAt,
    })
    .onConflict((conflict) => conflict.columns(['target', 'hash']).doNothing())
    .executeTakeFirst();
  return { inserted: result.numInsertedOrUpdatedRows !== undefined && result.numInsertedOrUpdatedRows > 0n };
}

export async function findSnapshot(db: DbOrTx, target: string, hash: string): Promise<SnapshotRecord | null> {
  const row = await db.sql
    .selectFrom('snapshots')
    .selectAll()
    .where('target', '=', target)
    .where('hash', '=', hash)
    .executeTakeFirst();
  return row === undefined ? null : toSnapshot(row);
}

/** A target's snapshots, the last made first. */
export async function listSnapshots(db: DbOrTx, target: string, limit = 100): Promise<SnapshotRecord[]> {
  const rows = await db.sql
    .selectFrom('snapshots')
    .selectAll()
    .where('target', '=', target)
    .orderBy('created_at', 'desc')
    .orderBy('hash')
    .limit(limit)
    .execute();
  return rows.map(toSnapshot);
}

/** The snapshots a build was published in. */
export async function listSnapshotsOfBuild(db: DbOrTx, buildId: number): Promise<SnapshotRecord[]> {
  const rows = await db.sql
    .selectFrom('snapshots')
    .selectAll()
    .where('build_id', '=', buildId)
    .orderBy('created_at')
    .execute();
  return rows.map(toSnapshot);
}

function toSnapshot(row: Selectable<SnapshotsTable>): SnapshotRecord {
  return {
    target: row.target,
    hash: row.hash,
    parentHash: row.parent_hash,
    buildId: row.build_id,
    packageCount: row.package_count,
    createdAt: row.created_at,
  };
}
