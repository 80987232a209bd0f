import { createServer, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { listPolls, openDatabase, schedulePolls } from '../../src/db/index.ts';
import { createMutexes } from '../../src/lib/index.ts';
import { createTestDatabase } from '../databases.ts';

/** A way to a test's PostgreSQL that can be cut and mended. */
async function bridge(url: string): Promise<{ url: string; cut: () => Promise<void>; mend: () => Promise<void> }> {
  const socket = join(new URL(url).searchParams.get('host') ?? '', '.s.PGSQL.5432');
  const open = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const mend = async () => {
    server = createServer((client) => {
      const upstream = connect(socket);
      for (const end of [client, upstream]) {
        open.add(end);
        end.on('error', () => end.destroy()).on('close', () => open.delete(end));
      }
      client.pipe(upstream).pipe(client);
    });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    server.listen(port, '127.0.0.1', () => {
      resolve(undefined);
    });
    await promise;
    port = (server.address() as { port: number }).port;
  };
  const cut = async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    server?.close(() => {
      resolve(undefined);
    });
    for (const one of open) one.destroy();
    await promise;
  };
  await mend();
  onTestFinished(cut);
  const name = new URL(url).pathname;
  return { url: `postgres://postgres@127.0.0.1:${String(port)}${name}`, cut, mend };
}

test('a database that is away for a moment is waited for, by queries and by names that are held', async () => {
  const database = await createTestDatabase('postgres');
  onTestFinished(() => database.remove());
  const way = await bridge(database.url);
  const db = await openDatabase({ url: way.url, mode: 'write' });
  onTestFinished(() => db.close());
  await schedulePolls(db, new Map([['alpha', 1]]));
  await db.hold('publish x', () => Promise.resolve());
  await way.cut();
  // What is in the midst of a query hears of it; what begins later waits.
  await pause(100);
  const asked = listPolls(db);
  const held = db.hold('publish x', () => Promise.resolve('done'));
  await pause(1500);
  await way.mend();
  expect((await asked).map(({ project }) => project)).toEqual(['alpha']);
  expect(await held).toBe('done');
});

test('one that never was there is not waited for', async () => {
  const began = Date.now();
  await expect(openDatabase({ url: 'postgres://postgres@127.0.0.1:1/none', mode: 'write' })).rejects.toMatchObject({
    code: 'database_unreachable',
  });
  expect(Date.now() - began).toBeLessThan(10_000);
});

test('two servers never hold a name at once, and one that is cut off holds it no more', async () => {
  const database = await createTestDatabase('postgres');
  onTestFinished(() => database.remove());
  const way = await bridge(database.url);
  const [one, two] = [await openDatabase({ url: way.url, mode: 'write' }), await database.open()];
  onTestFinished(() => one.close());
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await pause(5);
    inside -= 1;
  };
  const servers = [one, two].map((db) => createMutexes((name, held) => db.hold(name, held)));
  await Promise.all([...Array(20).keys()].flatMap(() => servers.map((mutexes) => mutexes.hold('publish x', work))));
  expect(most).toBe(1);
  // Another name is another matter.
  await one.hold('publish x', () => two.hold('publish y', () => Promise.resolve()));
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
  const holding = one.hold('publish x', () => ended);
  await pause(200);
  await way.cut();
  expect(await two.hold('publish x', () => Promise.resolve('taken over'))).toBe('taken over');
  end(undefined);
  await holding;
});

test('what is done under a name that is lost meanwhile is done again, where it may be; who waits for one asks again', async () => {
  const database = await createTestDatabase('postgres');
  onTestFinished(() => database.remove());
  const way = await bridge(database.url);
  const [one, two] = [await openDatabase({ url: way.url, mode: 'write' }), await database.open()];
  onTestFinished(() => one.close());
  const done: string[] = [];
  const cutOff = (name: string) => async () => {
    done.push(name);
    if (done.length > 1) return;
    await way.cut();
    await way.mend();
    await pause(100);
  };
  await one.hold('show x', cutOff('show'), { repeat: true });
  expect(done).toEqual(['show', 'show']);
  done.length = 0;
  await one.hold('publish x', cutOff('publish'));
  expect(done).toEqual(['publish']);
  // What fails is not done again.
  await expect(one.hold('show x', () => Promise.reject(new Error('no')), { repeat: true })).rejects.toThrow('no');
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
  const holding = two.hold('publish x', () => ended);
  await pause(200);
  const waiting = one.hold('publish x', () => Promise.resolve('had it'));
  await pause(200);
  await way.cut();
  await way.mend();
  await pause(200);
  end(undefined);
  await holding;
  expect(await waiting).toBe('had it');
});
