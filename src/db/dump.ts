import { sql } from 'kysely';
import { chmod, copyFile, open, rename, rm } from 'node:fs/promises';
import { run, temporaryBeside, TrunklineError } from '../lib/index.ts';
import { createDb, type Db, type DbOrTx } from './database.ts';
import { openDatabase, sqliteUrl } from './open.ts';

export interface DumpRequest<T> {
  /** As `openDatabase` takes it. */
  url: string;
  /** The file that is made; it must not be there. Only its owner may read it. */
  path: string;
  /** Reads from the database as it stands in the dump, while that is open. */
  read: (db: DbOrTx) => Promise<T>;
  signal: AbortSignal;
}

/**
 * Copies a database as it is at one moment, while others write to it: SQLite by its `VACUUM INTO`, PostgreSQL by pg_dump over an exported snapshot.
 * Answers what `read` answers.
 * @throws TrunklineError as `openDatabase` for reading; `missing_tool`, `process_failed` of pg_dump; `no_space`
 */
export async function dumpDatabase<T>({ url, path, read, signal }: DumpRequest<T>): Promise<T> {
  const db = await openDatabase({ url, mode: 'read' });
  try {
    if (db.adapter.name === 'postgres') return await dumpPostgres(db, { url, path, read, signal });
    await sql`vacuum into ${path}`.execute(db.sql);
  } finally {
    await db.close();
  }
  await chmod(path, 0o600);
  const copy = await openDatabase({ url: sqliteUrl(path), mode: 'read' });
  try {
    return await read(copy);
  } finally {
    await copy.close();
  }
}

async function dumpPostgres<T>(db: Db, { url, path, read, signal }: DumpRequest<T>): Promise<T> {
  const { uri, env } = libpqAddress(url);
  return db.sql
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (transaction) => {
      const { rows } = await sql<{ id: string }>`select pg_export_snapshot() as id`.execute(transaction);
      const options = ['--format=custom', '--no-owner', '--no-privileges', `--snapshot=${rows[0]?.id ?? ''}`];
      await (await open(path, 'wx', 0o600)).close();
      await run(['pg_dump', ...options, `--file=${path}`, `--dbname=${uri}`], { env, signal });
      return read({ kind: 'transaction', adapter: db.adapter, sql: transaction });
    });
}

/**
 * Makes a database what a dump of it holds. A file gets its name when it is whole.
 * @throws TrunklineError `already_exists` where there is a database already; `missing_tool`, `process_failed` of pg_restore
 */
export async function restoreDatabase(
  to: { kind: 'sqlite'; path: string } | { kind: 'postgres'; url: string },
  dump: string,
  signal: AbortSignal,
): Promise<void> {
  await requireNoDatabase(to);
  if (to.kind === 'sqlite') return placeFile(dump, to.path);
  const { uri, env } = libpqAddress(to.url);
  const options = ['--no-owner', '--no-privileges', '--single-transaction', '--exit-on-error'];
  await run(['pg_restore', ...options, `--dbname=${uri}`, dump], { env, signal });
}

/** @throws TrunklineError `already_exists` where there is a database of ours already. */
export async function requireNoDatabase(
  to: { kind: 'sqlite'; path: string } | { kind: 'postgres'; url: string },
): Promise<void> {
  if (to.kind === 'sqlite') {
    for (const path of [to.path, `${to.path}-wal`])
      if (await open(path).then(closed, () => false)) throw alreadyThere(path, 'move that file away first');
    return;
  }
  const { openPostgres } = await import('./postgres.ts');
  const db = createDb(openPostgres(to.url, 'write'), 'write');
  try {
    if (await db.adapter.hasTable(db.sql, 'migrations'))
      throw alreadyThere(db.place, 'drop that database and make an empty one (dropdb, createdb) first');
  } finally {
    await db.close();
  }
}

async function closed(handle: { close(): Promise<void> }): Promise<true> {
  await handle.close();
  return true;
}

function alreadyThere(place: string, hint: string): TrunklineError {
  return new TrunklineError('already_exists', `There is a database at ${place} already`, { where: place, hint });
}

async function placeFile(from: string, to: string): Promise<void> {
  const temporary = temporaryBeside(to);
  try {
    await copyFile(from, temporary);
    const handle = await open(temporary, 'r+');
    try {
      await handle.chmod(0o644);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, to);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A URL for libpq's programs without its password, which goes into the environment: others on the machine can read a command line. */
function libpqAddress(url: string): { uri: string; env: Record<string, string> } {
  const address = new URL(url);
  const password = address.searchParams.get('password') ?? decodeURIComponent(address.password);
  address.password = '';
  address.searchParams.delete('password');
  return { uri: address.href, env: password === '' ? {} : { PGPASSWORD: password } };
}
