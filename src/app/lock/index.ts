import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, fileSystemError, TrunklineError, writeAtomic } from '../../lib/index.ts';
import type { Settings } from '../../model/index.ts';
import { isRunning, ownHolder, readHolder, type Holder } from './holder.ts';

export type { Holder } from './holder.ts';
export { SERVER_ID, serverId } from './server-id.ts';

export interface DataDirectoryLock {
  /** Lets the next process in. A second call does nothing. */
  release(): Promise<void>;
  /** Tells whom the directory is refused where this process can be asked instead, and the owner of the directory by which token. */
  announce(url: string, token: string): Promise<void>;
}

// Two files, because closing any descriptor of a file drops all of a process's POSIX locks on it (fcntl(2)): nothing may ever open the first
// but SQLite.
const LOCK_NAME = 'lock';
const HOLDER_NAME = 'lock.json';
/** The file in a data directory that holds the token of the server that runs there; for its owner alone, who could write to the database as well. */
export const LOCAL_TOKEN = 'server-token';

/**
 * Takes the data directory for this process alone, until `release` or the end of the process, however it ends: the lock is the operating
 * system's, on an SQLite file, so that nothing is left behind by `kill -9` and nothing has to be taken over. What is written beside it serves
 * the message only. Makes the directory when it is not there.
 * @throws TrunklineError `data_dir_locked` saying who holds it and since when; `data_dir_unwritable`, `no_space`.
 */
export async function takeLock(dataDir: string): Promise<DataDirectoryLock> {
  const lockPath = join(dataDir, LOCK_NAME);
  const holderPath = join(dataDir, HOLDER_NAME);
  await makeDirectory(dataDir);
  const letGo = await lockFile(lockPath, dataDir, EXCLUSIVE);
  if (letGo === undefined) throw locked(dataDir, await waitForHolder(holderPath));
  try {
    // Of a server that was killed.
    await rm(join(dataDir, LOCAL_TOKEN), { force: true });
    await writeAtomic(holderPath, `${JSON.stringify(await ownHolder(new Date()), null, 2)}\n`);
  } catch (error) {
    letGo();
    throw error;
  }
  let released = false;
  return {
    announce: async (url, token) => {
      await writeAtomic(join(dataDir, LOCAL_TOKEN), `${token}\n`, { mode: 0o600 });
      await writeAtomic(holderPath, `${JSON.stringify({ ...(await ownHolder(new Date())), url }, null, 2)}\n`);
    },
    release: async () => {
      if (released) return;
      released = true;
      await rm(holderPath, { force: true });
      await rm(join(dataDir, LOCAL_TOKEN), { force: true });
      letGo();
    },
  };
}

/**
 * Takes the local directory of a deployment for this process alone. Where that is not the data directory, which several servers work in then, a share of
 * that one is taken besides, or all of it for who wants to be `alone`: it keeps out a restore and processes with another engine, and they keep us out.
 * @throws TrunklineError as `takeLock`
 */
export async function takeDeployment(
  { dataDir, localDir }: Pick<Settings, 'dataDir' | 'localDir'>,
  { alone = false } = {},
): Promise<DataDirectoryLock> {
  if (localDir === dataDir) return takeLock(dataDir);
  await makeDirectory(dataDir);
  const letGo = await lockFile(join(dataDir, LOCK_NAME), dataDir, alone ? EXCLUSIVE : SHARED);
  if (letGo === undefined)
    throw alone ? shared(dataDir) : locked(dataDir, await readHolder(join(dataDir, HOLDER_NAME)));
  try {
    const own = await takeLock(localDir);
    return {
      announce: (url, token) => own.announce(url, token),
      release: async () => {
        await own.release();
        letGo();
      },
    };
  } catch (error) {
    letGo();
    throw error;
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw unwritable(error, path);
  }
}

/** Who holds the data directory now, or null when nobody does or it cannot be told. `here`: only a process of this machine. */
export async function lockHolder(dataDir: string, { here = false } = {}): Promise<Holder | null> {
  const holder = await readHolder(join(dataDir, HOLDER_NAME));
  if (holder === null) return null;
  const running = await isRunning(holder);
  return running === true || (!here && running === undefined) ? holder : null;
}

// The change that is never committed is there because SQLite grants a transaction on a file it may only read, without its lock.
const EXCLUSIVE = 'PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA user_version = 1';
/** A transaction that has read holds SQLite's shared lock until it ends. */
const SHARED = 'BEGIN; SELECT count(*) FROM sqlite_schema';

/** A lock on the file, as a function that lets it go; undefined when another process, or this one already, has one that does not go with it. */
async function lockFile(path: string, dataDir: string, statements: string): Promise<(() => void) | undefined> {
  const { default: Database } = await import('better-sqlite3');
  try {
    const database = new Database(path, { timeout: 0 });
    try {
      database.exec(statements);
    } catch (error) {
      database.close();
      throw error;
    }
    // The closure keeps the connection: a connection that is collected would let go.
    held.add(database);
    return () => {
      held.delete(database);
      database.close();
    };
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code.startsWith('SQLITE_BUSY')) return undefined;
    throw unwritable(error, dataDir);
  }
}

/** Connections that hold a lock, kept for the life of the process. */
const held = new Set<object>();

function unwritable(error: unknown, dataDir: string): unknown {
  const code = errnoOf(error) ?? '';
  if (code === 'SQLITE_FULL') return fileSystemError(Object.assign(new Error('no space'), { code: 'ENOSPC' }), dataDir);
  const details = { where: dataDir, cause: error };
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return new TrunklineError('data_dir_unwritable', 'data_dir is a file, or below one', {
      ...details,
      hint: 'choose another data_dir',
    });
  if (code === 'SQLITE_NOTADB')
    return new TrunklineError('data_dir_unwritable', `${join(dataDir, LOCK_NAME)} is not Trunkline's`, {
      ...details,
      hint: 'remove that file, or choose another data_dir',
    });
  // Node's recursive mkdir answers ENOENT where the file system is read-only.
  if (code.startsWith('SQLITE_') || code === 'ENOENT')
    return new TrunklineError('data_dir_unwritable', `Cannot write to the data directory ${dataDir}`, {
      ...details,
      hint: 'make the directory writable for the user that runs trunkline, or choose another data_dir',
    });
  return fileSystemError(error, dataDir);
}

/** Between its lock and its name in the file a holder needs a few milliseconds; a name from before is not its. */
async function waitForHolder(path: string): Promise<Holder | null> {
  for (let tries = 0; tries < 20; tries += 1) {
    const holder = await readHolder(path);
    if (holder && (await isRunning(holder)) !== false) return holder;
    await pause(25);
  }
  return null;
}

function shared(dataDir: string): TrunklineError {
  return new TrunklineError('data_dir_locked', `Other processes work in the data directory ${dataDir}`, {
    where: dataDir,
    hint: 'this has to be alone there: stop the servers of this database on all machines for as long',
  });
}

function locked(dataDir: string, holder: Holder | null): TrunklineError {
  if (!holder)
    return new TrunklineError('data_dir_locked', `The data directory ${dataDir} is in use by another process`, {
      where: dataDir,
      hint: 'wait until it is done; "fuser" on the file lock in it shows which process it is',
    });
  if (holder.url !== undefined)
    return new TrunklineError(
      'data_dir_locked',
      `A Trunkline server holds the data directory, at ${holder.url} (process ${holder.pid} on ${holder.host})`,
      {
        where: dataDir,
        hint: 'commands that only read work beside it; this one writes: stop the server for as long',
      },
    );
  const since = holder.since.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  return new TrunklineError(
    'data_dir_locked',
    `The data directory is in use by "${holder.command}" (process ${holder.pid} on ${holder.host}, since ${since})`,
    { where: dataDir, hint: `wait until it is done, or end it: kill ${holder.pid}` },
  );
}
