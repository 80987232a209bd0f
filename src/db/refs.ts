import type { Selectable } from 'kysely';
import { TrunklineError } from '../lib/index.ts';
import { inTransaction, type DbOrTx } from './database.ts';
import type { RefMovesTable, RefsTable } from './schema.ts';
import { storable } from './text.ts';

/** A name that points at a snapshot. */
export interface Ref {
  target: string;
  name: string;
  snapshotHash: string;
  movedAt: number;
}

export interface RefMove {
  id: number;
  target: string;
  name: string;
  /** null when the ref was made by this move. */
  fromHash: string | null;
  /** null when the ref was taken away. */
  toHash: string | null;
  actor: string;
  reason: string;
  movedAt: number;
}

export interface MoveRequest {
  target: string;
  name: string;
  /** A snapshot that has been recorded. */
  to: string;
  /** Where the mover believes it points: another place refuses the move. null: nowhere yet. Left out: wherever. */
  from?: string | null;
  actor: string;
  reason: string;
  now: number;
}

/**
 * Points a ref at a snapshot and keeps the move for good. @returns the move, or null when it pointed there already
 * @throws TrunklineError `repository_conflict` when it does not point where `from` says
 */
export function moveRef(db: DbOrTx, request: MoveRequest): Promise<(RefMove & { toHash: string }) | null> {
  const { target, name, to, now } = request;
  return inTransaction(db, async (tx) => {
    const created = await tx.sql
      .insertInto('refs')
      .values({ target, name, snapshot_hash: to, moved_at: now })
      .onConflict((conflict) => conflict.columns(['target', 'name']).doNothing())
      .returning('name')
      .executeTakeFirst();
    const from = created === undefined ? await lockedHash(tx, target, name) : null;
    if (request.from !== undefined && request.from !== from)
      throw new TrunklineError(
        'repository_conflict',
        `${target}/${name} points at ${from ?? 'nothing'}, not at ${request.from ?? 'nothing'}`,
        { hint: 'somebody else moved it: look at it again and decide anew' },
      );
    if (from === to) return null;
    const here = tx.sql.updateTable('refs').where('target', '=', target).where('name', '=', name);
    await here.set({ snapshot_hash: to, moved_at: now }).execute();
    return { ...(await insertMove(tx, { ...request, from, to })), toHash: to };
  });
}

/** Takes a ref away and keeps that for good, as its last move. @returns the move, or null where there is no such ref */
export function deleteRef(db: DbOrTx, request: Omit<MoveRequest, 'to' | 'from'>): Promise<RefMove | null> {
  const { target, name } = request;
  return inTransaction(db, async (tx) => {
    const here = tx.sql.deleteFrom('refs').where('target', '=', target).where('name', '=', name);
    const row = await here.returning('snapshot_hash').executeTakeFirst();
    return row === undefined ? null : insertMove(tx, { ...request, from: row.snapshot_hash, to: null });
  });
}

async function insertMove(
  tx: DbOrTx,
  move: Omit<MoveRequest, 'to' | 'from'> & { from: string | null; to: string | null },
): Promise<RefMove> {
  const { target, name, from, to, now } = move;
  const row = await tx.sql
    .insertInto('ref_moves')
    .values({
      target,
      name,
      from_hash: from,
      to_hash: to,
      actor: storable(move.actor),
      reason: storable(move.reason),
      moved_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toMove(row);
}

/** Where a ref points, with its row locked until the transaction ends: an update that changes nothing locks in both engines. */
async function lockedHash(tx: DbOrTx, target: string, name: string): Promise<string> {
  const row = await tx.sql
    .updateTable('refs')
    .set({ name })
    .where('target', '=', target)
    .where('name', '=', name)
    .returning('snapshot_hash')
    .executeTakeFirstOrThrow();
  return row.snapshot_hash;
}

export async function findRef(db: DbOrTx, target: string, name: string): Promise<Ref | null> {
  const row = await db.sql
    .selectFrom('refs')
    .selectAll()
    .where('target', '=', target)
    .where('name', '=', name)
    .executeTakeFirst();
  return row === undefined ? null : toRef(row);
}

/** All refs of a target, or of all targets, by target and name. */
export async function listRefs(db: DbOrTx, target?: string): Promise<Ref[]> {
  let query = db.sql.selectFrom('refs').selectAll();
  if (target !== undefined) query = query.where('target', '=', target);
  return (await query.orderBy('target').orderBy('name').execute()).map(toRef);
}

/** The snapshots of a target that a ref moved away from at a moment or later. */
export async function listLeftSince(db: DbOrTx, target: string, since: number): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('ref_moves')
    .select('from_hash')
    .distinct()
    .where('target', '=', target)
    .where('moved_at', '>=', since)
    .execute();
  return rows.flatMap(({ from_hash: hash }) => (hash === null ? [] : [hash]));
}

/** The names of a target's refs that were taken away and not made again. */
export async function listRemovedRefs(db: DbOrTx, target: string): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('ref_moves')
    .select('name')
    .distinct()
    .where('target', '=', target)
    .where('to_hash', 'is', null)
    .where('name', 'not in', (query) => query.selectFrom('refs').select('name').where('target', '=', target))
    .orderBy('name')
    .execute();
  return rows.map(({ name }) => name);
}

/** The refs that point at one of some snapshots of a target, by name. */
export async function listRefsAt(db: DbOrTx, target: string, hashes: readonly string[]): Promise<Ref[]> {
  if (hashes.length === 0) return [];
  const rows = await db.sql
    .selectFrom('refs')
    .selectAll()
    .where('target', '=', target)
    .where('snapshot_hash', 'in', hashes)
    .orderBy('name')
    .execute();
  return rows.map(toRef);
}

/** How a ref came to where it is, the last move first; only moves `before` the one with this id. */
export async function listRefMoves(
  db: DbOrTx,
  target: string,
  name: string,
  limit = 100,
  before?: number,
): Promise<RefMove[]> {
  const rows = await db.sql
    .selectFrom('ref_moves')
    .selectAll()
    .where('target', '=', target)
    .where('name', '=', name)
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? 0))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toMove);
}

function toRef(row: Selectable<RefsTable>): Ref {
  return { target: row.target, name: row.name, snapshotHash: row.snapshot_hash, movedAt: row.moved_at };
}

function toMove(row: Selectable<RefMovesTable>): RefMove {
  return {
    id: row.id,
    target: row.target,
    name: row.name,
    fromHash: row.from_hash,
    toHash: row.to_hash,
    actor: row.actor,
    reason: row.reason,
    movedAt: row.moved_at,
  };
}
