import type { PublishedPackage } from '../model/index.ts';
import type { DbOrTx } from './database.ts';
import { parsed } from './text.ts';

/** A package whose files have to be in the store. */
export type StoredPackage = Pick<
  PublishedPackage,
  'id' | 'target' | 'fullName' | 'fileName' | 'sha256' | 'size' | 'companions'
>;

/** Packages that are there, of all targets, in the order of their ids, some at a time. */
export async function* storedPackages(db: DbOrTx, { pageSize = 1000 } = {}): AsyncGenerator<StoredPackage[]> {
  for (let after = 0; ;) {
    const page = await storedAfter(db, after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield page;
  }
}

/** The next packages that are there after an id. */
export async function storedAfter(db: DbOrTx, after: number, limit: number): Promise<StoredPackage[]> {
  const rows = await db.sql
    .selectFrom('packages')
    .select(['id', 'target', 'full_name', 'file_name', 'sha256', 'size', 'companions'])
    .where('gone_at', 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    ...{ id: row.id, target: row.target, fullName: row.full_name, fileName: row.file_name },
    ...{ sha256: row.sha256, size: row.size },
    companions: parsed(row.companions) as PublishedPackage['companions'],
  }));
}

/** Those of some packages that are there. */
export async function stillStored(db: DbOrTx, ids: readonly number[]): Promise<Set<number>> {
  const found = new Set<number>();
  for (let start = 0; start < ids.length; start += 5000) {
    const some = ids.slice(start, start + 5000);
    const query = db.sql.selectFrom('packages').select('id').where('gone_at', 'is', null).where('id', 'in', some);
    for (const { id } of await query.execute()) found.add(id);
  }
  return found;
}

/** The attempts that have not ended: their logs still grow. */
export function listUnfinishedAttempts(db: DbOrTx): Promise<{ build_id: number; number: number }[]> {
  return db.sql.selectFrom('attempts').select(['build_id', 'number']).where('state', '!=', 'finished').execute();
}
