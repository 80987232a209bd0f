import type { FormatName } from '../model/index.ts';
import type { DbOrTx, Tx } from './database.ts';

export interface HistoryName {
  project: string;
  format: FormatName;
}

/** The last commits whose successors are still to be walked; null before the first walk. */
export interface Cursor {
  upstreamHash: string | null;
  distgitHash: string | null;
}

export async function readCursor(db: DbOrTx, { project, format }: HistoryName): Promise<Cursor> {
  const row = await db.sql
    .selectFrom('cursors')
    .select(['upstream_hash', 'distgit_hash'])
    .where('project', '=', project)
    .where('format', '=', format)
    .executeTakeFirst();
  return { upstreamHash: row?.upstream_hash ?? null, distgitHash: row?.distgit_hash ?? null };
}

/** Remembers how far discovery has come. Belongs in the transaction that inserts what it found. */
export async function moveCursor(db: DbOrTx, history: HistoryName, cursor: Cursor, now: number): Promise<void> {
  const place = { upstream_hash: cursor.upstreamHash, distgit_hash: cursor.distgitHash, updated_at: now };
  await db.sql
    .insertInto('cursors')
    .values({ project: history.project, format: history.format, ...place, next_sequence: 1, previous_sequence: 0 })
    .onConflict((conflict) => conflict.columns(['project', 'format']).doUpdateSet(place))
    .execute();
}

/** A place in a project's history that nothing else has: after all the others, or before them. Locks the history until the transaction ends. */
export async function takeSequence(
  tx: Tx,
  { project, format }: HistoryName,
  place: 'newest' | 'oldest',
  now: number,
): Promise<number> {
  const newest = place === 'newest';
  const row = await tx.sql
    .insertInto('cursors')
    .values({ project, format, next_sequence: newest ? 2 : 1, previous_sequence: newest ? 0 : -1, updated_at: now })
    .onConflict((conflict) =>
      conflict
        .columns(['project', 'format'])
        .doUpdateSet((eb) =>
          newest
            ? { next_sequence: eb('cursors.next_sequence', '+', 1) }
            : { previous_sequence: eb('cursors.previous_sequence', '-', 1) },
        ),
    )
    .returning(['next_sequence', 'previous_sequence'])
    .executeTakeFirstOrThrow();
  return newest ? row.next_sequence - 1 : row.previous_sequence + 1;
}
