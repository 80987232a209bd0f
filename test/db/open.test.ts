import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { insertBuild, listBuilds, openDatabase, sqliteUrl, type Db } from '../../src/db/index.ts';
import { describeError } from '../../src/lib/index.ts';
import { createTestDatabase, describeEngines } from '../databases.ts';
import { build, NOON, revision } from './samples.ts';

/** A program that opens a database, tells when it has, and does as its arguments say. */
const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

function startChild(...args: string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value;
  const ended = once(child, 'exit');
  return { child, line, ended };
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-open-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function failing(url: string, mode: 'read' | 'write' = 'write'): Promise<Error> {
  const db = await openDatabase({ url, mode }).catch((error: unknown) => error as Error);
  if (db instanceof Error) return db;
  await db.close();
  throw new Error('it opened');
}

const count = async (db: Db) => (await listBuilds(db)).length;

describeEngines('a database', (fresh) => {
  it('keeps what was written when it is opened again', async () => {
    const database = await fresh({ empty: true });
    const db = await database.open();
    const made = await build(db, 'a');
    await db.close();
    expect(await listBuilds(await database.open())).toMatchObject([{ build: made }]);
  });

  it('is read beside a writer, changes refused, and shows only what is committed', async () => {
    const database = await fresh();
    const writer = await database.open();
    await build(writer, 'a');
    const reader = await database.open('read');
    expect(await count(reader)).toBe(1);
    await writer.transaction(async (tx) => {
      await insertBuild(tx, { revision: await revision(tx, 'b'), target: 't', now: NOON });
      expect(await count(reader)).toBe(1);
    });
    expect(await count(reader)).toBe(2);
    await expect(build(reader, 'c')).rejects.toThrow(/read-?only/i);
    expect(await count(writer)).toBe(2);
  });

  it('rolls back what fails, and only that', async () => {
    const db = await (await fresh()).open();
    const failed = db.transaction(async (tx) => {
      await revision(tx, 'lost');
      throw new Error('no');
    });
    const kept = build(db, 'kept');
    await expect(failed).rejects.toThrow('no');
    await kept;
    expect((await listBuilds(db)).map(({ revision: { upstream } }) => upstream.subject)).toEqual(['Change tool kept']);
  });

  it('says so when it is used inside its own transaction, instead of waiting for itself', async () => {
    const db = await (await fresh()).open();
    await expect(db.transaction(() => listBuilds(db))).rejects.toThrow('inside its own transaction');
    await expect(db.transaction(() => db.transaction(() => Promise.resolve()))).rejects.toThrow('inside its own');
    let later: Promise<unknown> = Promise.resolve();
    await db.transaction((tx) => {
      later = new Promise((resolve) => setTimeout(resolve, 20)).then(() => listBuilds(db));
      return listBuilds(tx);
    });
    // What was only begun there may use it once the transaction is over.
    expect(await later).toEqual([]);
  });

  it('is migrated once by programs that start together', async () => {
    const { url } = await fresh({ empty: true });
    const children = Array.from({ length: 4 }, () => startChild(url, 'count'));
    const answers = await Promise.all(children.map(({ line }) => line()));
    expect(answers).toEqual(['0', '0', '0', '0']);
    const exits = await Promise.all(children.map(({ ended }) => ended));
    expect(exits.map(([code]: unknown[]) => code)).toEqual([0, 0, 0, 0]);
  });

  it('is refused when a newer program wrote it, by readers and writers', async () => {
    const database = await fresh();
    const db = await database.open();
    await db.sql.insertInto('migrations').values({ number: 999, name: '0999-later', applied_at: NOON }).execute();
    for (const mode of ['write', 'read'] as const) {
      const error = await failing(database.url, mode);
      expect(error).toMatchObject({ code: 'unsupported', hint: expect.stringContaining('upgrade') as string });
      expect(error.message).toMatch(/newer trunkline: it has schema 999, this program knows \d+$/);
    }
  });

  it('is not read before a writer has brought it up to date', async () => {
    const { url, engine } = await fresh({ empty: true });
    const error = await failing(url, 'read');
    expect(error).toMatchObject({ code: engine === 'sqlite' ? 'not_found' : 'unsupported' });
    expect(describeError(error)).toContain('trunkline run');
  });
});

describe('an SQLite database', () => {
  it('is whole after kill -9 in the midst of a transaction', async () => {
    const url = sqliteUrl(join(await temporary(), 'trunkline.db'));
    const { child, line, ended } = startChild(url, 'hang');
    expect(await line()).toBe('committed');
    expect(await line()).toBe('in the midst');
    // Its write lock and half a transaction are there; a reader sees neither.
    const reader = await openDatabase({ url, mode: 'read' });
    expect(await count(reader)).toBe(1);
    child.kill('SIGKILL');
    await ended;
    const db = await openDatabase({ url, mode: 'write' });
    expect(await count(db)).toBe(1);
    await build(db, 'after');
    expect(await count(db)).toBe(2);
    await Promise.all([reader.close(), db.close()]);
  });

  it('loses nothing that was acknowledged to kill -9 at any moment, and keeps no half', async () => {
    const url = sqliteUrl(join(await temporary(), 'trunkline.db'));
    let acknowledged = 0;
    for (let round = 0; round < 4; round += 1) {
      const { child, line, ended } = startChild(url, 'write');
      const stop = 3 + Math.floor(Math.random() * 20);
      for (let written = 0; written < stop; written += 1) acknowledged = Math.max(acknowledged, Number(await line()));
      child.kill('SIGKILL');
      for (let rest = await line(); rest !== undefined; rest = await line()) acknowledged = Number(rest);
      await ended;
      const db = await openDatabase({ url, mode: 'write' });
      const builds = await listBuilds(db, { limit: 10_000 });
      // Each transaction writes two builds.
      expect(builds.length % 2).toBe(0);
      expect(builds.length).toBeGreaterThanOrEqual(acknowledged);
      expect(builds.length).toBeLessThanOrEqual(acknowledged + 2);
      await db.close();
    }
  });

  it('has a second writer wait its turn, should there be one', async () => {
    const url = sqliteUrl(join(await temporary(), 'trunkline.db'));
    const writers = [startChild(url, 'write'), startChild(url, 'write')];
    const wrote = writers.map(async ({ line }) => {
      for (let i = 0; i < 30; i += 1) expect(Number(await line())).toBeGreaterThan(0);
    });
    await Promise.all(wrote).finally(() => {
      for (const { child } of writers) child.kill('SIGKILL');
    });
    await Promise.all(writers.map(({ ended }) => ended));
  });

  it('may lie at any path', async () => {
    const directory = join(await temporary(), 'a b%20#?ü');
    await mkdir(directory);
    const db = await openDatabase({ url: sqliteUrl(join(directory, 'trunk line.db')), mode: 'write' });
    await db.close();
    const again = await openDatabase({ url: sqliteUrl(join(directory, 'trunk line.db')), mode: 'read' });
    expect(again.place).toBe(join(directory, 'trunk line.db'));
    await again.close();
  });

  it('says what is wrong with its place', async () => {
    const directory = await temporary();
    const at = (name: string) => sqliteUrl(join(directory, name));
    expect(await failing(at('missing/trunkline.db'))).toMatchObject({ code: 'data_dir_unwritable' });
    expect(await failing(at('absent.db'), 'read')).toMatchObject({ code: 'not_found' });
    await mkdir(join(directory, 'is-a-directory'));
    expect(await failing(at('is-a-directory'))).toMatchObject({ code: 'data_dir_unwritable' });
    await writeFile(join(directory, 'text.db'), 'this is not a database, it is a sentence that goes on. '.repeat(20));
    expect(await failing(at('text.db'))).toMatchObject({ code: 'store_damaged', where: join(directory, 'text.db') });
    await chmod(directory, 0o755);
  });

  it('says that the disk is full, and goes on when it is not any more', async () => {
    const db = await openDatabase({ url: sqliteUrl(join(await temporary(), 'trunkline.db')), mode: 'write' });
    onTestFinished(() => db.close());
    await sql`pragma max_page_count = 1`.execute(db.sql);
    const filling = async () => {
      for (let i = 0; i < 300; i += 1)
        await build(db, `c${i}`, { project: `a project with a name of some length ${i}` });
    };
    const error = await filling().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'no_space', hint: expect.stringContaining('nothing was lost') as string });
    await sql`pragma max_page_count = 100000`.execute(db.sql);
    await filling();
    expect(await listBuilds(db, { limit: 1000 })).toHaveLength(300);
  });

  it.each([
    'mysql://root@host/db',
    'sqlite:trunkline.db',
    'sqlite://relative.db',
    '/var/lib/x.db',
    'sqlite:///%zz',
    '',
  ])('is not mistaken for %s', async (url) => {
    expect(await failing(url)).toMatchObject({ code: 'config_invalid' });
  });
});

describe('a PostgreSQL database', () => {
  const secret = 'p@ss/w0rd-of-ours';

  it.each([
    `postgres://ada:${encodeURIComponent(secret)}@127.0.0.1:1/trunkline`,
    `postgresql://127.0.0.1:1/trunkline?user=ada&password=${encodeURIComponent(secret)}`,
  ])('that cannot be reached is named without its password', async (url) => {
    const error = await failing(url);
    expect(error).toMatchObject({
      code: 'database_unreachable',
      hint: expect.stringContaining('PostgreSQL') as string,
    });
    expect(error.message).toMatch(/127\.0\.0\.1:1\/trunkline.*ECONNREFUSED/);
    const everything = JSON.stringify([describeError(error), error.stack, error.cause, error]);
    expect(everything).not.toContain('w0rd');
  });

  it.each(['ada:p@ss/w0rd@host', 'ada:p/w0rd@host', 'ada:p?w0rd@host', 'ada:p#w0rd@host'])(
    'is not looked for under a piece of a password: %s',
    async (authority) => {
      const error = await failing(`postgres://${authority}/trunkline`);
      expect(error).toMatchObject({
        code: 'config_invalid',
        hint: expect.stringContaining('percent-encode') as string,
      });
      expect(describeError(error)).not.toContain('w0rd');
    },
  );

  it('that drops its connections fails what was under way, and serves what comes after', async () => {
    const database = await createTestDatabase('postgres');
    onTestFinished(() => database.remove());
    const [db, other] = [await database.open(), await database.open()];
    const drop = () =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.execute(other.sql);
    const interrupted = db.transaction(async (tx) => {
      await revision(tx, 'lost');
      await drop();
      await revision(tx, 'never');
    });
    await expect(interrupted).rejects.toMatchObject({ code: 'database_unreachable' });
    await build(db, 'idle');
    await drop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await listBuilds(db)).map(({ revision: { upstream } }) => upstream.subject)).toEqual(['Change tool idle']);
  });

  it('that hangs up is reported as well', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const error = await failing(`postgres://ada@127.0.0.1:${port}/trunkline`);
    server.close();
    expect(error).toMatchObject({ code: 'database_unreachable' });
  });
});
