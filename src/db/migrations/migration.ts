import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../adapter.ts';

/** One step of the schema, forward only. It never changes once released; it uses no query of today's program. */
export interface Migration {
  /** 1, 2, 3… */
  readonly number: number;
  readonly name: string;
  // A schema in the midst of changing has no type.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  up(transaction: Kysely<any>, columns: ColumnTypes): Promise<void>;
}
