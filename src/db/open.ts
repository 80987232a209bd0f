import { TrunklineError } from '../lib/index.ts';
import type { Engine, OpenMode } from './adapter.ts';
import { createDb, type Db } from './database.ts';
import { checkSchema, migrate } from './migrate.ts';
import { openSqlite } from './sqlite.ts';

export interface OpenOptions {
  /** `sqlite:///absolute/path` (percent-encoded, see `sqliteUrl`) or `postgres://…`. */
  url: string;
  /** `write` brings the schema up to date. `read` changes nothing and takes no lock: for commands beside a running process. */
  mode: OpenMode;
}

/**
 * Opens a database whose schema is this program's.
 * @throws TrunklineError `config_invalid` for another kind of URL, `database_unreachable`, `not_found` (nothing to read yet), `unsupported` when
 * a newer program wrote it or, for `read`, an older one; and what the file system says of an SQLite file.
 */
export async function openDatabase({ url, mode }: OpenOptions): Promise<Db> {
  const db = createDb(await engineFor(url, mode), mode);
  try {
    await (mode === 'write' ? migrate(db) : checkSchema(db));
    return db;
  } catch (error) {
    await db.close().catch(() => undefined);
    throw error;
  }
}

/** The URL of an SQLite file at an absolute path. */
export function sqliteUrl(path: string): string {
  return `sqlite://${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** A driver is loaded where it is used. */
async function engineFor(url: string, mode: OpenMode): Promise<Engine> {
  if (/^postgres(ql)?:\/\//i.test(url)) return (await import('./postgres.ts')).openPostgres(url, mode);
  return openSqlite(sqlitePath(url), mode);
}

function sqlitePath(url: string): string {
  const encoded = /^sqlite:\/\/(\/.+)$/is.exec(url)?.[1];
  try {
    if (encoded !== undefined) return decodeURIComponent(encoded);
  } catch {
    // A stray per cent sign: no URL.
  }
  const scheme = /^[a-z0-9+.-]*:/i.exec(url)?.[0] ?? '';
  throw new TrunklineError('config_invalid', `A database URL that starts with "${scheme}" is not understood`, {
    hint: 'write sqlite:///absolute/path or postgres://user@host/database',
  });
}
