import type { Selectable } from 'kysely';
import type { DbOrTx } from './database.ts';
import type { HoldsTable } from './schema.ts';
import { storable, storableOrNull } from './text.ts';

/** A snapshot that stays, whatever the garbage collector thinks of it. */
export interface Hold {
  id: number;
  target: string;
  snapshotHash: string;
  reason: string;
  actor: string;
  createdAt: number;
  /** When it ends by itself, or null. */
  until: number | null;
  /** When it was ended, or null. */
  endedAt: number | null;
}

export type NewHold = Pick<Hold, 'target' | 'snapshotHash' | 'reason' | 'actor' | 'until'> & { now: number };

/** Holds a snapshot; in place of the hold it has, which ends. */
export async function insertHold(db: DbOrTx, hold: NewHold): Promise<Hold> {
  await endHold(db, hold, { actor: hold.actor, reason: 'held anew', now: hold.now });
  const row = await db.sql
    .insertInto('holds')
    .values({
      target: hold.target,
      snapshot_hash: hold.snapshotHash,
      reason: storable(hold.reason),
      actor: storable(hold.actor, 500),
      created_at: hold.now,
      until_at: hold.until,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toHold(row);
}

/** @returns the hold that was ended, or null when the snapshot was not held */
export async function endHold(
  db: DbOrTx,
  { target, snapshotHash }: Pick<Hold, 'target' | 'snapshotHash'>,
  end: { actor: string; reason: string | null; now: number },
): Promise<Hold | null> {
  const row = await db.sql
    .updateTable('holds')
    .set({ ended_at: end.now, ended_by: storable(end.actor, 500), ended_reason: storableOrNull(end.reason) })
    .where('target', '=', target)
    .where('snapshot_hash', '=', snapshotHash)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toHold(row);
}

export interface HoldFilter {
  target?: string;
  snapshotHash?: string;
  /** Only those that hold at this moment. */
  at: number;
}

/** The holds there are, the first made first. */
export async function listHolds(db: DbOrTx, { target, snapshotHash, at }: HoldFilter): Promise<Hold[]> {
  let query = db.sql
    .selectFrom('holds')
    .selectAll()
    .where('ended_at', 'is', null)
    .where((eb) => eb.or([eb('until_at', 'is', null), eb('until_at', '>', at)]));
  if (target !== undefined) query = query.where('target', '=', target);
  if (snapshotHash !== undefined) query = query.where('snapshot_hash', '=', snapshotHash);
  return (await query.orderBy('id').execute()).map(toHold);
}

function toHold(row: Selectable<HoldsTable>): Hold {
  return {
    id: row.id,
    target: row.target,
    snapshotHash: row.snapshot_hash,
    reason: row.reason,
    actor: row.actor,
    createdAt: row.created_at,
    until: row.until_at,
    endedAt: row.ended_at,
  };
}
