import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { WORKER_PROTOCOL } from '../../src/api/index.ts';
import { listAttempts } from '../../src/db/index.ts';
import { RPM, until } from '../e2e/fixture.ts';
import { alphaAndBeta, openWorkshop } from './deployment.ts';
import { claimed, PROFILE, rooted, speaker } from './liar.ts';

vi.setConfig({ testTimeout: 420_000 });

test('a worker that says that it lives, and nothing else, loses its attempt when no build takes so long', async () => {
  const settings = { server: { worker_lease: '60s', worker_slack: '4s' }, limits: { time: '1s' }, max_retries: 1 };
  const { shop, liar, order } = await claimed(undefined, settings);
  const beat = () => liar.ask('POST', `${rooted(order)}/heartbeat?lease=${String(order.lease)}`);
  expect((await beat()).status).toBeLessThan(300);
  const refused = await until('the server to have enough of it', async () => {
    const answer = await beat();
    if (answer.status < 300) await pause(200);
    return answer.status < 300 ? undefined : answer;
  });
  expect(refused.body).toMatchObject({ code: 'lock_lost' });
  const [first, second] = await listAttempts(shop.db, order.build);
  expect(first).toMatchObject({ result: 'failure', reason: 'infra_error' });
  expect(first?.detail).toContain('longer than any build takes');
  // It counts as a try: the last one is not made for ever again.
  expect(second).toMatchObject({ state: 'pending', retries: 1 });
});

test('a token holds as many attempts at once as it may, whatever names its workers go by and however many ask', async () => {
  const shop = await openWorkshop(alphaAndBeta, { server: { worker_lease: '60s', worker_attempts: 1 } });
  const made = await shop.deployment.json<{ token: string; worker: object }>([
    'token',
    'create',
    'worker/few',
    '--target',
    '*',
    '--attempts',
    '2',
  ]);
  expect(made.worker).toEqual({ targets: ['*'], labels: [], attempts: 2 });
  const { url } = await shop.serve();
  for (const name of ['alpha', 'beta']) await shop.discover(name);
  const claim = async (liar: ReturnType<typeof speaker>, name: string) => {
    const body = { protocol: WORKER_PROTOCOL, name, profile: PROFILE, targets: [RPM], wait: 0 };
    const answer = await liar.ask('POST', '/claim', body);
    expect([200, 204]).toContain(answer.status);
    return answer.status === 200 ? (answer.body as { attempt: number; lease: number }) : null;
  };
  const one = speaker(url, shop.tokens.one);
  const many = await Promise.all(Array.from({ length: 8 }, (_, n) => claim(one, `name-${String(n)}`)));
  const got = many.filter((order) => order !== null);
  // Those that ask at once may all be sent away; one after the other they are not.
  const order = got[0] ?? (await claim(one, 'again'));
  expect(got.length).toBeLessThanOrEqual(1);
  expect(order).not.toBeNull();
  expect(await claim(one, 'more')).toBeNull();
  const few = speaker(url, made.token);
  expect(await claim(few, 'few')).not.toBeNull();
  const leave = `/attempts/${String(order?.attempt)}/leave?lease=${String(order?.lease)}`;
  expect((await one.ask('POST', leave)).status).toBeLessThan(300);
  expect(await claim(one, 'more')).not.toBeNull();
});
