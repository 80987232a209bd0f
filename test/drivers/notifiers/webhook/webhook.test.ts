import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { isPublic } from '../../../../src/drivers/notifiers/webhook/address.ts';
import { createWebhookNotifier } from '../../../../src/drivers/notifiers/webhook/index.ts';
import { listen } from './listener.ts';

const OLD = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NEW = `whsec_${Buffer.from('a key of exactly thirty-two bytes').toString('base64')}`;
const MESSAGE = { id: 'evt_7', type: 'ref_moved', at: 1_795_176_000_000, data: { name: 'tested', to: 'ü\u2028' } };

const notifier = (url: string, more: Partial<Parameters<typeof createWebhookNotifier>[0]> = {}) =>
  createWebhookNotifier({ name: 'ci', url, secrets: [NEW, OLD], allowPrivate: true, ...more });

it('an event is signed as the receivers’ own libraries want it, with the old and the new secret', async () => {
  const { heard, url } = await listen();
  await notifier(url).send(MESSAGE);
  const [one] = heard;
  if (one === undefined) throw new Error('nothing came');
  for (const secret of [OLD, NEW])
    expect(new Webhook(secret).verify(one.body, one.headers)).toEqual({
      type: 'ref_moved',
      timestamp: '2026-11-20T12:00:00.000Z',
      data: MESSAGE.data,
    });
  expect(one.headers).toMatchObject({ 'webhook-id': 'evt_7', 'content-type': 'application/json' });
  expect(() => new Webhook(OLD).verify(`${one.body} `, one.headers)).toThrow();
});

it('what is not taken fails, and redirections lead nowhere', async () => {
  const { heard, url } = await listen(({ path }) => (path === '/hook' ? 302 : 200));
  await expect(notifier(url).send(MESSAGE)).rejects.toMatchObject({
    code: 'notification_failed',
    message: expect.stringContaining('302') as string,
  });
  expect(heard).toHaveLength(1);
  for (const status of [400, 410, 500]) {
    const refusing = await listen(() => status);
    await expect(notifier(refusing.url).send(MESSAGE)).rejects.toMatchObject({ code: 'notification_failed' });
  }
  const silent = await listen(() => null);
  const begin = performance.now();
  await expect(notifier(silent.url, { timeout: 300 }).send(MESSAGE)).rejects.toMatchObject({
    message: expect.stringContaining('no answer in 0.3 s') as string,
  });
  expect(performance.now() - begin).toBeLessThan(5000);
  await expect(notifier('http://127.0.0.1:9/hook?token=hush').send(MESSAGE)).rejects.toMatchObject({
    message: expect.not.stringContaining('hush') as string,
  });
});

it('nothing is sent into a private network unless it is meant to be', async () => {
  const { heard, port, url } = await listen();
  const places = [
    url,
    `http://localhost:${String(port)}/`,
    `http://[::ffff:127.0.0.1]:${String(port)}/`,
    `http://2130706433:${String(port)}/`,
    `http://0x7f.1:${String(port)}/`,
  ];
  for (const place of places)
    await expect(notifier(place, { allowPrivate: false }).send(MESSAGE), place).rejects.toMatchObject({
      code: 'notification_failed',
    });
  expect(heard).toEqual([]);
});

it('public is what IANA says is', () => {
  for (const address of ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])
    expect(isPublic(address), address).toBe(true);
  for (const address of [
    ...[
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.255.255',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    ...[
      '192.168.0.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:8.8.8.8',
      '64:ff9b::a00:1',
      'fe80::1',
    ],
    ...['fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1', '2001:0:1::1', '2002:7f00:1::', 'example.org', ''],
  ])
    expect(isPublic(address), address).toBe(false);
});
