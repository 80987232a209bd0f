import { sql, type Selectable } from 'kysely';
import { TrunklineError } from '../lib/index.ts';
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
  /** The announcement that it goes, or null. */
  announcementId: number | null;
  /** When it was removed, or null. */
  goneAt: number | null;
  /** Seconds since the epoch: what its index says, so that its files can be made again. null: of before there were trees. */
  indexTime: number | null;
}

export type NewSnapshot = Omit<SnapshotRecord, 'announcementId' | 'goneAt'>;

/**
 * Records a snapshot. The same list made again is the snapshot that is there, with the history it had; one that had been removed, or was to be, is
 * there again.
 */
export async function insertSnapshot(db: DbOrTx, snapshot: NewSnapshot): Promise<{ inserted: boolean }> {
  const result = await db.sql
    .insertInto('snapshots')
    .values({
      target: snapshot.target,
      hash: snapshot.hash,
      parent_hash: snapshot.parentHash,
      build_id: snapshot.buildId,
      package_count: snapshot.packageCount,
      created_at: snapshot.createdAt,
      index_time: snapshot.indexTime,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['target', 'hash'])
        .doUpdateSet({ gone_at: null, announcement_id: null, created_at: snapshot.createdAt })
        .where((eb) =>
          eb.or([eb('snapshots.gone_at', 'is not', null), eb('snapshots.announcement_id', 'is not', null)]),
        ),
    )
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

/** What a beginning of a hash may be short for: enough digits that a list of snapshots shows them, few enough to type. */
const SHORTEST_PREFIX = 8;

/**
 * The snapshot of a target whose hash begins with `prefix` (at least eight hexadecimal digits, either case), also one that was removed.
 * @throws TrunklineError `invalid_argument` when it is no beginning of a hash or of two hashes, `not_found`
 */
export async function requireSnapshot(db: DbOrTx, target: string, prefix: string): Promise<SnapshotRecord> {
  const low = prefix.toLowerCase();
  if (!/^[0-9a-f]+$/.test(low) || low.length < SHORTEST_PREFIX || low.length > 64)
    throw new TrunklineError('invalid_argument', `"${prefix.slice(0, 80)}" is no snapshot and no beginning of one`, {
      hint: `give at least ${String(SHORTEST_PREFIX)} hexadecimal digits; trunkline snapshot list ${target} shows them`,
    });
  // 'g' follows the last hexadecimal digit: a range that the index answers.
  const rows = await db.sql
    .selectFrom('snapshots')
    .selectAll()
    .where('target', '=', target)
    .where('hash', '>=', low)
    .where('hash', '<', `${low}g`)
    .orderBy('hash')
    .limit(2)
    .execute();
  const [found, another] = rows;
  if (found === undefined)
    throw new TrunklineError('not_found', `There is no snapshot ${low} of ${target}`, {
      hint: `trunkline snapshot list ${target} shows what there is`,
    });
  if (another !== undefined)
    throw new TrunklineError('invalid_argument', `${low} begins two snapshots of ${target}`, {
      hint: `they are ${found.hash} and ${another.hash}: give more digits`,
    });
  return toSnapshot(found);
}

export interface SnapshotFilter {
  /** Only those made before this one: the next page. */
  before?: Pick<SnapshotRecord, 'createdAt' | 'hash'>;
  /** Removed ones too. */
  gone?: boolean;
  /** Default 100. */
  limit?: number;
}

/** A target's snapshots, the last made first; of those made in one millisecond, in the order of their hashes backwards. */
export async function listSnapshots(
  db: DbOrTx,
  target: string,
  { before, gone = false, limit = 100 }: SnapshotFilter = {},
): Promise<SnapshotRecord[]> {
  let query = db.sql.selectFrom('snapshots').selectAll().where('target', '=', target);
  if (!gone) query = query.where('gone_at', 'is', null);
  if (before !== undefined)
    query = query.where(sql<boolean>`(created_at, hash) < (${before.createdAt}, ${before.hash})`);
  const rows = await query.orderBy('created_at', 'desc').orderBy('hash', 'desc').limit(limit).execute();
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
    announcementId: row.announcement_id,
    goneAt: row.gone_at,
    indexTime: row.index_time,
  };
}
