import { expect, vi } from 'vitest';
import { createClient, WORKER_PROTOCOL, type Order } from '../../src/api/index.ts';
import { RPM } from '../e2e/fixture.ts';
import { alphaAndBeta, openWorkshop } from './deployment.ts';
import { PROFILE, rooted, speaker, type Speaker } from './liar.ts';
import { sampled } from '../sampled.ts';

vi.setConfig({ testTimeout: 420_000 });

const profile = { ...PROFILE, labels: ['gpu', 'trusted', 'big'] };

const claim = async (speaking: Speaker, name: string): Promise<Order | null> => {
  const who = { protocol: WORKER_PROTOCOL, name, host: 'a-host', version: '1.2', profile };
  const { status, body } = await speaking.ask('POST', '/claim', { ...who, targets: [RPM], wait: 0 });
  expect([200, 204]).toContain(status);
  return status === 200 ? (body as unknown as Order) : null;
};

sampled(
  'a build waits for a worker whose token grants the labels its target asks for, says so, and everybody sees who builds',
  async () => {
    const shop = await openWorkshop(alphaAndBeta, { targets: { [RPM]: { labels: ['gpu', 'trusted'] } } });
    const { token } = await shop.deployment.json<{ token: string }>([
      'token',
      'create',
      'worker/graced',
      '--target',
      '*',
      '--label',
      'gpu',
      'trust*',
    ]);
    // This machine has not the labels either.
    await shop.deployment.json(['run'], 2);
    const queued = async () => shop.deployment.json<{ waits: { reason: string; detail?: string } | null }[]>(['queue']);
    expect((await queued())[0]?.waits).toMatchObject({
      reason: 'no_worker',
      detail: 'it asks for gpu, trusted, and no worker is there',
    });
    const { url, get } = await shop.serve();
    const one = speaker(url, shop.tokens.one);
    expect(await claim(one, 'boaster'), 'labels are granted, never claimed').toBeNull();
    const asked = { protocol: WORKER_PROTOCOL, name: 'boaster', profile };
    expect((await one.ask('POST', '/targets', asked)).body).toMatchObject({
      refused: expect.arrayContaining([{ target: RPM, why: 'the label is gpu, and the worker has none' }]) as unknown,
    });
    const client = createClient({ url });
    const { items: waiting } = await client.get('listQueue', {});
    expect(waiting[0]?.waits).toMatchObject({ reason: 'no_worker' });
    expect(waiting[0]?.waits?.detail).toContain('worker/one/boaster: the label is gpu, and the worker has none');
    const words = 'nobody who is there can build it';
    for (const command of [['queue'], ['build', 'show', '1']])
      expect((await shop.deployment.cli(...command)).stdout).toContain(words);
    const shown = await shop.deployment.json<{ attempts: { waits: object | null }[] }>(['build', 'show', '1']);
    expect(shown.attempts).toMatchObject([{ waits: { reason: 'no_worker', startsAt: null } }]);
    expect((await client.get('getAttempt', { build: 1, attempt: 1 })).waits).toMatchObject({ reason: 'no_worker' });
    expect((await client.get('listAttempts', { build: 1 })).items[0]?.waits).toMatchObject({ reason: 'no_worker' });
    expect(await (await get('/builds/1')).text()).toMatch(/<dt>Waits<\/dt>\s*<dd>nobody who is there can build it/);

    const graced = speaker(url, token);
    const order = await claim(graced, 'machine');
    expect(order).not.toBeNull();
    expect((await client.get('listQueue', {})).items[0]?.waits?.reason).not.toBe('no_worker');
    const { items } = await client.get('listWorkers', {});
    expect(items.map(({ name }) => name.replace(/@.*/, ''))).toEqual([
      'serve',
      'worker/graced/machine',
      'worker/one/boaster',
    ]);
    expect(items[1]).toMatchObject({
      ...{ present: true, host: 'a-host', version: '1.2', labels: ['gpu', 'trusted'], targets: [RPM] },
      running: [{ build: order?.build, attempt: 1, target: RPM }],
    });
    expect(items[1]?.running[0]?.startedAt).not.toBeNull();
    expect(items[2]).toMatchObject({ labels: [], targets: [], running: [] });
    const first = await client.get('listWorkers', { limit: 1 });
    expect((await client.get('listWorkers', { limit: 1, cursor: first.next ?? '' })).items).toEqual([items[1]]);
    const listed = await shop.deployment.json<{ name: string; running: object[] }[]>(['workers']);
    expect(listed.map(({ name }) => name)).toEqual(items.map(({ name }) => name));
    expect((await shop.deployment.cli('workers')).stdout).toMatch(
      /worker\/graced\/machine +a-host +1\.2 +gpu trusted /,
    );
    expect(await (await get('/metrics')).text()).toMatch(/^trunkline_workers_present 3$/m);
    if (order !== null) await graced.ask('POST', `${rooted(order)}/leave?lease=${String(order.lease)}`);
  },
);
