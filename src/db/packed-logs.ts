import type { DbOrTx } from './database.ts';

export interface UnpackedAttempt {
  id: number;
  buildId: number;
  number: number;
}

/** Attempts that ended before `before` (milliseconds since the epoch) and whose logs are not compressed, those that ended first. */
export async function listUnpackedAttempts(db: DbOrTx, before: number, limit: number): Promise<UnpackedAttempt[]> {
  const rows = await db.sql
    .selectFrom('attempts')
    .select(['id', 'build_id as buildId', 'number'])
    .where('logs_packed_at', 'is', null)
    .where('finished_at', '<', before)
    .orderBy('finished_at')
    .limit(limit)
    .execute();
  return rows;
}

export async function recordPacked(db: DbOrTx, ids: readonly number[], now: number): Promise<void> {
  if (ids.length === 0) return;
  await db.sql.updateTable('attempts').set({ logs_packed_at: now }).where('id', 'in', ids).execute();
}
