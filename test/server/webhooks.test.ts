import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { countDeliveries, openDatabase, sqliteUrl, type Db } from '../../src/db/index.ts';
import type { RawDelivery } from '../../src/model/index.ts';
import { githubPush, gitlabSigned, hex, SECRET, SIGNING } from '../drivers/forges/samples.ts';
import { until } from '../e2e/command-line.ts';
import { problem, serveDeployment, writeConfig } from './serving.ts';
import { sampled } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';

async function served() {
  const tool = { upstream: 'https://forge.example.org/team/tool', packaging: { rpm: 'https://p.example.org/tool' } };
  const { config, dataDir } = await writeConfig({
    projects: { tool: { ...tool, targets: ['rpms'] } },
    settings: {
      forges: {
        github: { secret: ['an older secret of thirty-two', SECRET] },
        lab: { kind: 'gitlab', secret: SIGNING },
      },
    },
  });
  const server = await serveDeployment(config);
  const send = (name: string, { headers, body }: RawDelivery, more: Record<string, string> = {}) =>
    fetch(`${server.url}/webhooks/${name}`, {
      method: 'POST',
      headers: { ...(headers as Record<string, string>), ...more },
      body: new Uint8Array(body),
    });
  const reading = async <T>(read: (db: Db) => Promise<T>) => {
    const db = await openDatabase({ url: sqliteUrl(join(dataDir, 'trunkline.sqlite')), mode: 'read' });
    try {
      return await read(db);
    } finally {
      await db.close();
    }
  };
  return { server, send, reading };
}

test('a forge’s delivery is answered when it is stored, and worked later; all others are refused', async () => {
  const { server, send, reading } = await served();
  const first = await send('github', githubPush('a-1'));
  expect([first.status, await first.json()]).toEqual([202, { status: 'stored' }]);
  const again = await send('github', githubPush('a-1'));
  expect([again.status, await again.json()]).toEqual([200, { status: 'duplicate' }]);
  const now = Math.floor(Date.now() / 1000);
  expect((await send('lab', gitlabSigned('a-1', SIGNING, now))).status).toBe(202);
  await problem(await send('lab', gitlabSigned('a-2', SIGNING, now - 3600)), 403);
  const forged = await problem(await send('github', githubPush('a-2', 'not the secret at all, sorry')), 403);
  expect(JSON.stringify(forged)).not.toContain(SECRET);
  await problem(await send('github', { ...githubPush('a-2'), headers: {} }), 403);
  await problem(await send('github', githubPush('a-2'), { 'content-type': 'application/x-www-form-urlencoded' }), 415);
  await problem(await send('github', githubPush('a-2'), { 'x-github-delivery': 'a b' }), 400);
  await problem(await send('github', githubPush('a-1'), { 'x-github-delivery': 'a-3' }), 403);
  await problem(await send('nowhere', githubPush('a-2')), 404);
  await problem(await send('toString', githubPush('a-2')), 404);
  await problem(await server.get('/webhooks/github'), 405);
  // Oversized, whatever its length is said to be.
  const large = Buffer.alloc(4 * 1024 * 1024 + 1, ' ');
  const signature = { 'x-hub-signature-256': `sha256=${hex(large.toString('latin1'))}` };
  const headers = { ...githubPush('a-4').headers, ...signature };
  for (const framing of [`content-length: ${String(large.length)}`, 'transfer-encoding: chunked'])
    expect(await sendRaw(server.url, headers, large, framing)).toMatch(/^HTTP\/1\.1 413 /);
  const polled = { source: 'github', outcome: 'polled', count: 1 };
  const figures = await (await server.get('/metrics')).text();
  for (const [forge, outcome, count] of [
    ['github', 'forged', 1],
    ['github', 'stored', 1],
    ['github', 'duplicate', 1],
    ['github', 'replayed', 1],
    ['github', 'oversized', 2],
    ['github', 'unsupported', 1],
    ['github', 'unsigned', 1],
    ['lab', 'stale', 1],
    ['', 'unknown', 2],
  ] as const)
    expect(figures).toContain(
      `trunkline_webhook_deliveries_total{forge="${forge}",outcome="${outcome}"} ${String(count)}\n`,
    );
  await until('the deliveries to be worked', async () => {
    const counts = await reading(countDeliveries);
    return counts.length === 2 && counts.every(({ outcome }) => outcome === 'polled');
  });
  expect(await reading(countDeliveries)).toEqual([polled, { ...polled, source: 'lab' }]);
});

/** Begins to send a body that says its length, or sends it in chunks that do not, to a server that hangs up. */
function sendRaw(
  url: string,
  headers: Record<string, string | undefined>,
  body: Buffer,
  framing: string,
): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    resolve(answer);
  });
  const lines = Object.entries({ host: 'x', connection: 'close', ...headers }).map(([name, value]) =>
    [name, value].join(': '),
  );
  socket.write(`POST /webhooks/github HTTP/1.1\r\n${lines.join('\r\n')}\r\n${framing}\r\n\r\n`);
  // One that says its length is refused before its body comes.
  if (framing.startsWith('transfer'))
    for (let at = 0; at < body.length; at += 65_536) {
      const part = body.subarray(at, at + 65_536);
      socket.write(`${part.length.toString(16)}\r\n`);
      socket.write(part);
      socket.write('\r\n');
    }
  return promise;
}

const DELIVERIES = LONG ? 10_000 : 1000;

sampled(
  `${String(DELIVERIES)} deliveries, a tenth of them forged: none lost, none forged accepted, memory flat`,
  { timeout: 300_000 },
  async () => {
    const { server, send, reading } = await served();
    const memory = async () => {
      const status = await readFile(`/proc/${String(server.command.pid)}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
    };
    const statuses = new Map<number, number>();
    const deliver = async (index: number) => {
      const secret = index % 10 === 0 ? 'a stranger’s guess at the secret' : SECRET;
      const { status } = await send('github', githubPush(`d-${String(index)}`, secret));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    };
    const from = async (first: number, last: number) => {
      let next = first;
      await Promise.all(
        Array.from({ length: 32 }, async () => {
          while (next < last) await deliver(next++);
        }),
      );
    };
    const begin = performance.now();
    // What a process grows by before it is warm is not what it leaks.
    await from(0, DELIVERIES / 4);
    const warm = await memory();
    await from(DELIVERIES / 4, DELIVERIES);
    const seconds = (performance.now() - begin) / 1000;
    const grown = (await memory()) - warm;
    expect(Object.fromEntries(statuses)).toEqual({ 202: (DELIVERIES * 9) / 10, 403: DELIVERIES / 10 });
    await until('all to be worked', async () => {
      const [polled, ...others] = await reading(countDeliveries);
      return others.length === 0 && polled?.outcome === 'polled' && polled.count === (DELIVERIES * 9) / 10;
    });
    console.log(
      `${String(Math.round(DELIVERIES / seconds))} a second, ${grown.toFixed(1)} MB grown to ${(warm + grown).toFixed(0)} MB`,
    );
    expect(grown).toBeLessThan(64);
    if (LONG) expect(seconds).toBeLessThan(60);
  },
);

sampled('senders that stall at one address leave room for others, and are cut', { timeout: 60_000 }, async () => {
  const { server, send } = await served();
  const { hostname, port } = new URL(server.url);
  const { headers } = githubPush('b-1');
  const lines = Object.entries({ host: 'x', ...headers, 'content-length': '1000' }).map((pair) => pair.join(': '));
  const closed = Array.from({ length: 16 }, () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const socket = connect(Number(port), hostname, () =>
      socket.write(`POST /webhooks/github HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`),
    );
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve(undefined);
      });
    socket.resume();
    return promise;
  });
  await until(
    'the places of the address to be taken',
    async () => (await send('github', githubPush('b-2'))).status === 429,
  );
  await Promise.all(closed);
  expect((await send('github', githubPush('b-3'))).status).toBe(202);
});
