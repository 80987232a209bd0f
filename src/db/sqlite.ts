import Database from 'better-sqlite3';
import { sql, SqliteDialect, type SqliteStatement } from 'kysely';
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, TrunklineError } from '../lib/index.ts';
import type { Engine, EngineAdapter, OpenMode } from './adapter.ts';

/** Milliseconds to wait for another process's write. One process writes (DESIGN 8); this covers a starter beside a dying one. */
const BUSY_TIMEOUT = 5000;

export const sqliteAdapter: EngineAdapter = {
  name: 'sqlite',
  skipsLockedRows: false,
  changesInWith: false,
  walksIds: false,
  columns: {
    id: sql`integer primary key autoincrement`,
    integer: sql`integer`,
    text: sql`text`,
    bytes: sql`blob`,
    tableEnd: sql`strict`,
  },
  // A transaction here begins as a writer, and there is one writer at a time.
  lockMigrations: () => Promise.resolve(),
  async hasTable(database, name) {
    const { rows } = await sql`select 1 from sqlite_master where type = 'table' and name = ${name}`.execute(database);
    return rows.length > 0;
  },
};

/**
 * Opens a file. Commits survive a power cut (WAL, synchronous=FULL).
 * @throws TrunklineError `not_found` when it is to be read and is not there; `data_dir_unwritable`, `store_damaged` or `unsupported` as it says.
 */
export function openSqlite(path: string, mode: OpenMode): Engine {
  if (mode === 'read' && !existsSync(path))
    throw new TrunklineError('not_found', `There is no database at ${path}`, {
      where: path,
      hint: 'run `trunkline run` first, or check data_dir and database in the configuration',
    });
  const database = prepared(path, mode);
  return {
    adapter: sqliteAdapter,
    place: path,
    dialect: new SqliteDialect({
      database: { prepare: statements(database, path, mode), close: () => database.close() },
    }),
  };
}

function prepared(path: string, mode: OpenMode): Database.Database {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: mode === 'read', timeout: BUSY_TIMEOUT });
    database.pragma('foreign_keys = ON');
    database.pragma('synchronous = FULL');
    const journal: unknown = database.pragma(mode === 'read' ? 'journal_mode' : 'journal_mode = WAL', { simple: true });
    if (journal !== 'wal' && mode === 'write')
      throw new TrunklineError('unsupported', `SQLite cannot keep a write-ahead log at ${path}`, {
        where: path,
        hint: 'put data_dir on a local file system, or use a PostgreSQL database',
      });
    return database;
  } catch (error) {
    database?.close();
    throw sqliteError(error, path);
  }
}

/** Compiled statements by their text; a transaction that may write takes the write lock at once, since one that upgrades later can fail. */
function statements(database: Database.Database, path: string, mode: OpenMode): (text: string) => SqliteStatement {
  const known = new Map<string, SqliteStatement>();
  return (text) => {
    let statement = known.get(text);
    if (statement === undefined) {
      const begins = text === 'begin' && mode === 'write';
      statement = guarded(compile(database, begins ? 'begin immediate' : text, path), path);
      if (text === 'rollback') statement = rollingBack(database, statement);
      // Lists of values make new texts without end; the rest are a few hundred.
      if (known.size >= 500) known.clear();
      known.set(text, statement);
    }
    return statement;
  };
}

function compile(database: Database.Database, text: string, path: string): Database.Statement {
  try {
    return database.prepare(text);
  } catch (error) {
    throw sqliteError(error, path);
  }
}

function guarded(statement: Database.Statement, path: string): SqliteStatement {
  const translated = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw sqliteError(error, path);
    }
  };
  return {
    reader: statement.reader,
    all: (parameters) => translated(() => statement.all(...parameters)),
    run: (parameters) => translated(() => statement.run(...parameters)),
    iterate: (parameters) => statement.iterate(...parameters),
  };
}

/** SQLite rolls a transaction back by itself when the disk is full; asked again it would complain of that, and what went wrong would be lost. */
function rollingBack(database: Database.Database, statement: SqliteStatement): SqliteStatement {
  return {
    ...statement,
    run: (parameters) => (database.inTransaction ? statement.run(parameters) : { changes: 0, lastInsertRowid: 0 }),
  };
}

/** What SQLite says of the disk as an error that says what to do; anything else unchanged. */
function sqliteError(error: unknown, path: string): unknown {
  const code = errnoOf(error) ?? '';
  const details = (hint: string) => ({ where: path, hint, cause: error });
  if (code.startsWith('SQLITE_FULL') || (code.startsWith('SQLITE_IOERR') && isFull(path)))
    return new TrunklineError(
      'no_space',
      `No space left for the database ${path}`,
      details('free space or move data_dir to a larger file system, then run again; nothing was lost'),
    );
  if (/^SQLITE_(CANTOPEN|READONLY|PERM|IOERR)/.test(code) || code === 'ENOENT' || isMissingDirectory(error))
    return new TrunklineError(
      'data_dir_unwritable',
      `Cannot open or write the database ${path}: ${code === '' ? String(error) : code}`,
      details('check that the directory exists and is writable for the user that runs trunkline'),
    );
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code))
    return new TrunklineError(
      'store_damaged',
      `${path} is damaged or is no SQLite database`,
      details('restore it from a backup, or move it away to start anew'),
    );
  if (code.startsWith('SQLITE_BUSY'))
    return new TrunklineError(
      'data_dir_locked',
      `Another process has been writing ${path} for ${BUSY_TIMEOUT / 1000} s`,
      details('wait for the other trunkline, or end it'),
    );
  return error;
}

/** For its shared memory and its log SQLite says no more than that it could not write; the first alone needs 32 KiB. */
function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < 65_536;
  } catch {
    return false;
  }
}

/** better-sqlite3 says this with a TypeError of its own, before SQLite is asked. */
function isMissingDirectory(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes('directory does not exist');
}
