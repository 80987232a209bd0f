import { sql } from 'kysely';
import type { DbOrTx } from './database.ts';

/** That a column has a value, and that the id is smaller than `before`; to be ordered by the column and the id, backwards. */
export function ofOne(db: DbOrTx, column: string, value: string, before = Number.MAX_SAFE_INTEGER) {
  const name = sql.ref(column);
  return db.adapter.walksIds
    ? sql<boolean>`(${name}, id) < (${value}, ${before}) and ${name} >= ${value}`
    : sql<boolean>`${name} = ${value} and id < ${before}`;
}
