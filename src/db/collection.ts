import type { DbOrTx } from './database.ts';
import { parsed } from './text.ts';

/** What the garbage collector said about some snapshots and packages of a target before it removes them. */
export interface Announcement {
  id: number;
  target: string;
  announcedAt: number;
  /** Not to be removed before. */
  goesAt: number;
  actor: string;
  /** Mail addresses. */
  told: readonly string[];
}

/** Announcements by their ids. */
export async function findAnnouncements(db: DbOrTx, ids: readonly number[]): Promise<Map<number, Announcement>> {
  if (ids.length === 0) return new Map();
  const rows = await db.sql.selectFrom('gc_announcements').selectAll().where('id', 'in', ids).execute();
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        target: row.target,
        announcedAt: row.announced_at,
        goesAt: row.goes_at,
        actor: row.actor,
        told: parsed(row.told) as string[],
      },
    ]),
  );
}
