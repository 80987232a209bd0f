import { sql, type Selectable } from 'kysely';
import type { Verdict } from '../model/index.ts';
import type { DbOrTx, Tx } from './database.ts';
import type { PromotionsTable } from './votes-schema.ts';
import { parsed, storable } from './text.ts';

/** A verdict that a promotion rests on, as it stood then. */
export interface RestsOn {
  voteId: number;
  job: string;
  result: Verdict;
}

/** A snapshot that was given a name, by whom and why. */
export interface Promotion {
  id: number;
  target: string;
  name: string;
  snapshot: string;
  /** The build that was named, where one was: its snapshot was promoted. */
  buildId: number | null;
  /** Where the name pointed before, or null when it was made. */
  from: string | null;
  actor: string;
  reason: string;
  votes: readonly RestsOn[];
  promotedAt: number;
  /** When it was taken back, by whom and why; null while it stands. */
  endedAt: number | null;
  endedBy: string | null;
  endedReason: string | null;
}

export type NewPromotion = Omit<Promotion, 'id' | 'promotedAt' | 'endedAt' | 'endedBy' | 'endedReason'> & {
  now: number;
};

export async function insertPromotion(tx: Tx, promotion: NewPromotion): Promise<Promotion> {
  const row = await tx.sql
    .insertInto('promotions')
    .values({
      target: promotion.target,
      name: promotion.name,
      snapshot_hash: promotion.snapshot,
      build_id: promotion.buildId,
      from_hash: promotion.from,
      actor: storable(promotion.actor, 500),
      reason: storable(promotion.reason),
      votes: JSON.stringify(promotion.votes),
      promoted_at: promotion.now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toPromotion(row);
}

/** Takes a promotion back. @returns it as it then is, or null when it had been taken back already */
export async function endPromotion(
  tx: Tx,
  id: number,
  end: { actor: string; reason: string; now: number },
): Promise<Promotion | null> {
  const row = await tx.sql
    .updateTable('promotions')
    .set({ ended_at: end.now, ended_by: storable(end.actor, 500), ended_reason: storable(end.reason) })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toPromotion(row);
}

/** The last promotion under a name that was not taken back, or null. */
export async function standingPromotion(db: DbOrTx, target: string, name: string): Promise<Promotion | null> {
  const row = await db.sql
    .selectFrom('promotions')
    .selectAll()
    .where('target', '=', target)
    .where('name', '=', name)
    .where('ended_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toPromotion(row);
}

export interface PromotionFilter {
  target?: string;
  name?: string;
  snapshot?: string;
  buildId?: number;
  /** Only those that were not taken back. */
  standing?: boolean;
  /** Only promotions before the one with this id: the next page. */
  before?: number;
  /** DLRN's way of paging; `before` does not slow down. */
  offset?: number;
  /** Default 100. */
  limit?: number;
}

/** The last promotion first. */
export async function listPromotions(db: DbOrTx, filter: PromotionFilter = {}): Promise<Promotion[]> {
  let query = db.sql.selectFrom('promotions').selectAll();
  if (filter.target !== undefined) query = query.where('target', '=', filter.target);
  if (filter.name !== undefined) query = query.where('name', '=', filter.name);
  if (filter.snapshot !== undefined) query = query.where('snapshot_hash', '=', filter.snapshot);
  if (filter.buildId !== undefined) query = query.where('build_id', '=', filter.buildId);
  if (filter.standing === true) query = query.where('ended_at', 'is', null);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 100)
    .offset(filter.offset ?? 0)
    .execute();
  return rows.map(toPromotion);
}

/** The newest standing promotions of each name of a target. */
export async function newestPromotions(db: DbOrTx, target: string, perName: number): Promise<Promotion[]> {
  const rows = await db.sql
    .selectFrom((eb) =>
      eb
        .selectFrom('promotions')
        .selectAll()
        .select(sql<number>`row_number() over (partition by name order by id desc)`.as('place'))
        .where('target', '=', target)
        .where('ended_at', 'is', null)
        .as('placed'),
    )
    .selectAll()
    .where('place', '<=', perName)
    .orderBy('name')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(toPromotion);
}

function toPromotion(row: Selectable<PromotionsTable>): Promotion {
  return {
    id: row.id,
    target: row.target,
    name: row.name,
    snapshot: row.snapshot_hash,
    buildId: row.build_id,
    from: row.from_hash,
    actor: row.actor,
    reason: row.reason,
    votes: parsed(row.votes) as RestsOn[],
    promotedAt: row.promoted_at,
    endedAt: row.ended_at,
    endedBy: row.ended_by,
    endedReason: row.ended_reason,
  };
}
