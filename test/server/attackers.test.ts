import { connect } from 'node:net';
import { sql } from 'kysely';
import { fastify } from 'fastify';
import { expect, it, onTestFinished, test } from 'vitest';
import { createUser } from '../../src/access/index.ts';
import { basic, change, PASSWORD } from '../access/samples.ts';
import { describeEngines } from '../databases.ts';
import { pauseFor } from '../../src/lib/index.ts';
import { openStreams } from '../../src/server/streams.ts';
import { writable } from './writing.ts';
import { sampled } from '../sampled.ts';

/** Milliseconds in which a refusal has to come that needs no more of the request. */
const SOON = 3000;

/** The status that is answered to a request whose body never comes; 0: none. */
function statusBeforeBody(url: string, line: string, headers: readonly string[] = []): Promise<number> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<number>();
  const length = 'content-length: 1000000';
  const socket = connect(Number(port), hostname, () =>
    socket.write([`${line} HTTP/1.1`, 'host: x', length, ...headers, '', ''].join('\r\n')),
  );
  const answered = (status: number) => {
    resolve(status);
    socket.destroy();
  };
  socket.on('data', (data) => {
    answered(Number(data.toString('latin1').slice(9, 12)));
  });
  socket.setTimeout(SOON, () => {
    answered(0);
  });
  return promise;
}

describeEngines('a server among people who mean it no good', (fresh) => {
  const opened = async () => writable(await (await fresh()).open());

  it('reads no body for whom it does not know', async () => {
    const { url } = await opened();
    const bytes = 'content-type: application/octet-stream';
    const piece = `PUT /api/v1/worker/attempts/1/packages/${'a'.repeat(64)}?lease=1&offset=0&size=9`;
    const git = 'POST /api/v1/worker/git/x.git/git-upload-pack';
    for (const line of [piece, git, 'POST /api/v1/worker/claim', 'POST /api/v1/users']) {
      expect([line, await statusBeforeBody(url, line, [bytes])]).toEqual([line, 401]);
      expect([line, await statusBeforeBody(url, line, ['authorization: Bearer tl_x', bytes])]).toEqual([line, 401]);
      // Neither does it say first what kind of body it takes.
      expect([line, await statusBeforeBody(url, line, ['content-type: text/plain'])]).toEqual([line, 401]);
    }
  });

  it('ends a stream that cannot go on', async () => {
    const { url, db } = await opened();
    const answer = await fetch(`${url}/api/v1/events/stream`);
    expect(answer.status).toBe(200);
    await sql`ALTER TABLE outbox RENAME TO elsewhere`.execute(db.sql);
    expect(await answer.text()).toContain('retry:');
  });

  sampled(
    'tells those behind its proxy apart, and believes nobody else who they are',
    { timeout: 120_000 },
    async () => {
      const db = await (await fresh()).open();
      await createUser(db, { name: 'ada', password: PASSWORD, admin: false }, change());
      for (const [trustedProxies, elsewhere] of [
        [['127.0.0.0/8'], 200],
        [['192.0.2.1'], 429],
        [[], 429],
      ] as const) {
        const { url } = await writable(db, { trustedProxies });
        const from = async (address: string, password: string) => {
          const headers = { authorization: basic('ada', password), 'x-forwarded-for': address };
          return (await fetch(`${url}/api/v1/targets`, { headers })).status;
        };
        for (let n = 0; n < 6; n += 1) await from('203.0.113.7', `wrong password ${n}`);
        expect(await from('203.0.113.7', PASSWORD)).toBe(429);
        expect([trustedProxies, await from('203.0.113.8', PASSWORD)]).toEqual([trustedProxies, elsewhere]);
      }
    },
  );

  it('holds few streams for one address, and none for who may no longer listen', async () => {
    const { url } = await opened();
    const stop = new AbortController();
    const stream = () => fetch(`${url}/api/v1/events/stream`, { signal: stop.signal });
    const statuses = (await Promise.all(Array.from({ length: 51 }, stream))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    stop.abort();
  });
});

test('a stream ends when whoever listens may no longer', async () => {
  const app = fastify();
  const streams = openStreams(new AbortController().signal, 50);
  let may = true;
  app.get('/', (request, reply) => {
    const stream = streams.open(request, reply, () => (may ? Promise.resolve() : Promise.reject(new Error('revoked'))));
    void stream.sendAll(() => pauseFor(30_000, stream.signal));
  });
  onTestFinished(() => app.close());
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(url);
  await pauseFor(200, new AbortController().signal);
  may = false;
  expect(await answer.text()).toContain('retry');
});
