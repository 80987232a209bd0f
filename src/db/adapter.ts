import type { Dialect, Kysely, RawBuilder } from 'kysely';
import type { Schema } from './schema.ts';

/** Whether a database is opened to change it or only to look at it. */
export type OpenMode = 'write' | 'read';

/** Column types as an engine writes them in `create table`. */
export interface ColumnTypes {
  /** A primary key that the database numbers itself, never the same number twice. Complete: no constraint follows. */
  id: RawBuilder<unknown>;
  /** 64 bits, read as a JavaScript number. */
  integer: RawBuilder<unknown>;
  /** Compared byte by byte, so that both engines sort alike and a range finds a prefix. */
  text: RawBuilder<unknown>;
  bytes: RawBuilder<unknown>;
  /** What stands after a table's closing parenthesis. */
  tableEnd: RawBuilder<unknown>;
}

/** All that differs between the engines. Queries ask this, never which engine it is. */
export interface EngineAdapter {
  readonly name: 'sqlite' | 'postgres';
  /** Whether several connections write at once, so that a claim has to step over rows that another one holds. */
  readonly skipsLockedRows: boolean;
  /** Whether a statement's `with` may change rows. */
  readonly changesInWith: boolean;
  /**
   * Whether a list of what one project has much of is looked for by walking back over all ids: far, where it was not made just before. A range of value
   * and id, which only an index of both answers, is sought.
   */
  readonly walksIds: boolean;
  readonly columns: ColumnTypes;
  /** Holds off every other starter until the transaction ends. */
  lockMigrations(transaction: Kysely<Schema>): Promise<void>;
  hasTable(database: Kysely<Schema>, name: string): Promise<boolean>;
}

export interface HoldOptions {
  /** Does the work once more where the name was lost meanwhile, with the connection: for what may be done twice, and is to be done last by who is right. */
  repeat?: boolean;
}

/** An engine ready to be talked to. */
export interface Engine {
  readonly adapter: EngineAdapter;
  readonly dialect: Dialect;
  /** Where it is, without a password, for messages. */
  readonly place: string;
  /** Runs `work` while no other process holds the name. Left out where one process has the database to itself. */
  hold?<T>(name: string, work: () => Promise<T>, options?: HoldOptions): Promise<T>;
  /** Ends what `hold` keeps open. */
  close?(): Promise<void>;
}
