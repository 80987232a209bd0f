import { AsyncLocalStorage } from 'node:async_hooks';
import { Kysely, type Transaction } from 'kysely';
import type { Engine, EngineAdapter, HoldOptions, OpenMode } from './adapter.ts';
import type { Schema } from './schema.ts';

/** What a query function works on. `sql` is for the files of db/ only. */
interface Queryable {
  readonly adapter: EngineAdapter;
  readonly sql: Kysely<Schema>;
}

/** An open transaction. */
export interface Tx extends Queryable {
  readonly kind: 'transaction';
}

/** An open database. */
export interface Db extends Queryable {
  readonly kind: 'database';
  readonly mode: OpenMode;
  /** Where it is, without a password. */
  readonly place: string;
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. SQLite has one connection, so transactions and
   * single queries wait for each other: inside `work` use `tx` alone, and do nothing slow. Using the database itself there would wait for
   * itself for ever on SQLite and miss the transaction's own changes on PostgreSQL, so it throws.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Runs `work` while no other server holds the name. Servers only: within a process whoever comes second waits in `Mutexes`. A server whose
   * connection breaks loses the name; what must not happen twice is guarded by the transaction that records it, what may is done again with `repeat`.
   */
  hold<T>(name: string, work: () => Promise<T>, options?: HoldOptions): Promise<T>;
  close(): Promise<void>;
}

/** Either: a query function runs alone or as part of a transaction. */
export type DbOrTx = Db | Tx;

/** Per asynchronous call chain: the databases in the midst of whose transaction it runs. */
const open = new AsyncLocalStorage<Scope>();

interface Scope {
  readonly db: Db;
  done: boolean;
  readonly outer: Scope | undefined;
}

export function createDb(engine: Engine, mode: OpenMode): Db {
  const kysely = new Kysely<Schema>({ dialect: engine.dialect });
  const db: Db = {
    kind: 'database',
    adapter: engine.adapter,
    mode,
    place: engine.place,
    get sql() {
      refuseInside(db);
      return kysely;
    },
    async transaction(work) {
      refuseInside(db);
      const scope: Scope = { db, done: false, outer: open.getStore() };
      try {
        return await kysely
          .transaction()
          .execute((transaction) => open.run(scope, () => work(createTx(engine.adapter, transaction))));
      } finally {
        scope.done = true;
      }
    },
    hold: (name, work, options) => (engine.hold === undefined ? work() : engine.hold(name, work, options)),
    close: async () => {
      await kysely.destroy();
      await engine.close?.();
    },
  };
  return db;
}

/** Runs `work` in the transaction given, or in a new one. */
export function inTransaction<T>(db: DbOrTx, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db.kind === 'transaction' ? work(db) : db.transaction(work);
}

function createTx(adapter: EngineAdapter, sql: Transaction<Schema>): Tx {
  return { kind: 'transaction', adapter, sql };
}

function refuseInside(db: Db): void {
  for (let scope = open.getStore(); scope !== undefined; scope = scope.outer)
    if (scope.db === db && !scope.done)
      throw new Error('The database was used inside its own transaction: pass the transaction on instead');
}
