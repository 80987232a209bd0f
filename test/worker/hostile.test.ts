import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { LARGEST_PIECE, WORKER_PROTOCOL } from '../../src/api/index.ts';
import { listAttempts } from '../../src/db/index.ts';
import { mirrorName } from '../../src/lib/git/index.ts';
import { run } from '../../src/lib/index.ts';
import { addSample, RPM, until } from '../e2e/fixture.ts';
import { openWorkshop } from './deployment.ts';
import { account, claimed, expectNothing, PROFILE, rooted, speaker, type Speaker } from './liar.ts';
import { sampled } from '../sampled.ts';

vi.setConfig({ testTimeout: 420_000 });

sampled('who does not hold an attempt can do nothing with it: other tokens, other leases, no token', async () => {
  const { shop, url, liar, order } = await claimed();
  const two = speaker(url, shop.tokens.two);
  const good = account([], { failure: { reason: 'build_failed', detail: 'I say so' } });
  for (const [who, lease] of [
    [two, order.lease],
    [liar, order.lease + 1],
    [liar, order.lease + 1000],
  ] as const)
    for (const [method, path, body] of [
      ['POST', 'heartbeat', undefined],
      ['POST', 'plan', {}],
      ['POST', 'built', good],
      ['POST', 'verified', { candidate: 'x', failure: null, installed: [], timings: {} }],
      ['POST', 'leave', undefined],
      ['GET', 'repository', undefined],
      ['PUT', 'logs/build.log', Buffer.from('x')],
    ] as const) {
      const query = `lease=${String(lease)}${method === 'PUT' ? '&offset=0' : ''}`;
      expect(await who.ask(method, `${rooted(order)}/${path}?${query}`, body), path).toMatchObject({
        status: 409,
        body: { code: 'lock_lost' },
      });
    }
  expect(await two.ask('POST', '/attempts/77/heartbeat?lease=1')).toMatchObject({ status: 409 });
  const nobody = speaker(url, 'trunkline-nobody-knows-this-one');
  expect(await nobody.ask('POST', '/claim', {})).toMatchObject({ status: expect.any(Number) as unknown });
  expect((await fetch(`${url}/api/v1/worker/targets`, { method: 'POST', body: '{}' })).status).toBeGreaterThanOrEqual(
    400,
  );
  expect(await listAttempts(shop.db, 1)).toMatchObject([{ state: 'running', worker: 'worker/one/liar' }]);
  await expectNothing(shop);
});

test('names that lead elsewhere, huge bodies and what has no form are refused', async () => {
  const { shop, liar, order } = await claimed();
  const lease = `lease=${String(order.lease)}`;
  const at = rooted(order);
  const bytes = Buffer.from('x');
  for (const name of [
    '..%2f..%2fx.log',
    '%2e%2e',
    'x.txt',
    '.log',
    'BUILD.log',
    'a%00.log',
    `${'a'.repeat(300)}.log`,
  ]) {
    const { status } = await liar.ask('PUT', `${at}/logs/${name}?${lease}&offset=0`, bytes);
    expect([400, 404, 414], name).toContain(status);
  }
  for (const path of ['..%2f..%2ftrunkline.sqlite', '%2e%2e%2f', '-x', 'a%2fb', '.hidden']) {
    const { status } = await liar.ask('GET', `${at}/pool/${'a'.repeat(64)}/${path}?${lease}`);
    expect([400, 404], path).toContain(status);
  }
  for (const name of ['../alpha.rpm', '/etc/passwd', '-o.rpm', 'a b.rpm', '', '.x'])
    expect(
      (await liar.ask('POST', `${at}/built?${lease}`, account([{ name, sha256: 'a'.repeat(64), size: 1 }]))).status,
      name,
    ).toBe(400);
  // The server answers before all of it has come, and hangs up: who writes on may not hear the answer.
  const sizes = async (asked: ReturnType<Speaker['ask']>) => asked.then(({ status }) => status).catch(() => 413);
  const wide = Buffer.alloc(LARGEST_PIECE + 1);
  expect(await sizes(liar.ask('PUT', `${at}/logs/build.log?${lease}&offset=0`, wide))).toBe(413);
  const long = account([], { buildroot: Array.from({ length: 19_000 }, () => 'x'.repeat(299)) });
  expect(await sizes(liar.ask('POST', `${at}/built?${lease}`, long))).toBe(413);
  const many = account([], { buildroot: Array.from({ length: 20_001 }, () => 'x') });
  expect((await liar.ask('POST', `${at}/built?${lease}`, many)).status).toBe(400);
  const endless = `${at}/packages/${'a'.repeat(64)}?${lease}&offset=0&size=${String(2 ** 50)}`;
  expect(await liar.ask('PUT', endless, bytes)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
  expect(await listAttempts(shop.db, 1)).toMatchObject([{ state: 'running' }]);
  await expectNothing(shop);
});

sampled('an endless log is cut, says so, and fails the build whatever its worker says', async () => {
  const small = { limits: { output: '1MiB' } };
  const { shop, liar, order } = await claimed(undefined, small);
  const lease = `lease=${String(order.lease)}`;
  const piece = Buffer.alloc(LARGEST_PIECE, 'again and again\n');
  const path = `${rooted(order)}/logs/build.log?${lease}`;
  expect((await liar.ask('PUT', `${path}&offset=0`, Buffer.from('first\n'))).body).toMatchObject({
    offset: 6,
    cut: false,
  });
  // Said twice, and with a gap: nothing is added.
  expect((await liar.ask('PUT', `${path}&offset=0`, Buffer.from('first\n'))).body).toMatchObject({ offset: 6 });
  expect((await liar.ask('PUT', `${path}&offset=100`, Buffer.from('later\n'))).body).toMatchObject({ offset: 6 });
  expect((await liar.ask('PUT', `${path}&offset=6`, piece)).body).toMatchObject({ cut: true });
  expect((await liar.ask('PUT', `${path}&offset=${String(2 * 1024 ** 2)}`, piece)).body).toMatchObject({ cut: true });
  const file = join(shop.deployment.dataDir, 'logs/1/1/build.log');
  const { size } = await stat(file);
  expect(size).toBeLessThan(2.1 * 1024 ** 2);
  expect((await readFile(file, 'utf8')).slice(-100)).toContain('cut here');
  const { body } = await liar.ask('POST', `${rooted(order)}/built?${lease}`, account([]));
  expect(body).toMatchObject({ next: 'ended', failure: { reason: 'build_failed' } });
});

sampled(
  'a worker’s log is kept without this server’s secrets, wherever its pieces are cut, and over a restart',
  async () => {
    const secret = 'the-webhook-secret-of-this-server';
    const { shop, url, liar, order } = await claimed(undefined, { forges: { github: { secret: [secret] } } });
    const path = `${rooted(order)}/logs/build.log?lease=${String(order.lease)}`;
    const text = Buffer.from(`one ${secret} ä\nhttps://ada:hunter22@host/\ntwo ${secret}\nlast ${secret}`);
    const clean = (whole: number) =>
      text.subarray(0, whole).toString().replaceAll(secret, '**redacted**').replace('hunter22', '**redacted**');
    const say = async (speaking: Speaker, from: number, to: number) => {
      const { body } = await speaking.ask('PUT', `${path}&offset=${String(from)}`, text.subarray(from, to));
      return (body as { offset: number }).offset;
    };
    const file = join(shop.deployment.dataDir, 'logs/1/1/build.log');
    const half = text.indexOf('two ') + 10;
    for (let at = 0; at < half; at += 7)
      expect(await say(liar, at, Math.min(at + 7, half))).toBe(Math.min(at + 7, half));
    expect(await readFile(file, 'utf8'), 'of whole lines').toBe(clean(text.indexOf('two ')));
    const lock = JSON.parse(await readFile(join(shop.deployment.dataDir, 'lock.json'), 'utf8')) as { pid: number };
    process.kill(lock.pid, 'SIGKILL');
    await until('the server to be gone', () =>
      fetch(url).then(
        () => false,
        () => true,
      ),
    );
    const { url: again } = await shop.serve();
    const heard = speaker(again, shop.tokens.one);
    expect(await say(heard, half, half + 5), 'it has forgotten how far it was').toBe(0);
    expect(await say(heard, 0, text.length)).toBe(text.length);
    expect(await readFile(file, 'utf8')).toBe(clean(text.indexOf('last ')));
    await heard.ask(
      'POST',
      `${rooted(order)}/built?lease=${String(order.lease)}`,
      account([], { failure: { reason: 'build_failed', detail: 'no' } }),
    );
    expect(await readFile(file, 'utf8')).toBe(clean(text.length));
  },
);

test('mirrors are served to read, and only those of projects that are the worker’s to build', async () => {
  const { shop, url, liar, order } = await claimed();
  const name = mirrorName(order.project.upstream.url);
  const known = await liar.ask('GET', `/git/${name}/info/refs?service=git-upload-pack`);
  expect(known).toMatchObject({ status: 200 });
  for (const [method, path] of [
    ['GET', `/git/${name}/info/refs?service=git-receive-pack`],
    ['GET', `/git/${name}/info/refs`],
    ['GET', `/git/${name}/HEAD`],
    ['GET', `/git/${name}/config`],
    ['POST', `/git/${name}/git-receive-pack`],
    ['GET', '/git/other-0123456789abcdef.git/info/refs?service=git-upload-pack'],
    ['GET', '/git/..%2f..%2fx.git/info/refs?service=git-upload-pack'],
  ] as const) {
    const { status } = await liar.ask(method, path);
    expect([400, 404, 405], `${method} ${path}`).toContain(status);
  }
  const push = await run(
    [
      'git',
      '-c',
      `http.extraHeader=Authorization: Bearer ${shop.tokens.one}`,
      'push',
      `${url}/api/v1/worker/git/${name}`,
      'HEAD:refs/heads/evil',
    ],
    { cwd: order.project.upstream.url, okExitCodes: [0, 1, 128] },
  );
  expect(push.exitCode).not.toBe(0);
  const stranger = await fetch(`${url}/api/v1/worker/git/${name}/info/refs?service=git-upload-pack`);
  expect(stranger.status).toBe(401);
});

sampled('a token for some targets gets no other’s builds, configuration or mirrors', async () => {
  const shop = await openWorkshop(async (deployment) => [await addSample(deployment, 'alpha')]);
  const made = await shop.deployment.json<{ token: string }>(['token', 'create', 'worker/deb', '--target', 'debian-*']);
  const { url } = await shop.serve();
  await shop.discover('alpha');
  const other = speaker(url, made.token);
  const { body } = await other.ask('POST', '/targets', { protocol: WORKER_PROTOCOL, name: 'other', profile: PROFILE });
  expect((body as { targets: { name: string }[] }).targets.map(({ name }) => name)).toEqual(['debian-12-amd64']);
  const claim = { protocol: WORKER_PROTOCOL, name: 'x', profile: PROFILE, targets: [RPM, 'debian-12-amd64'], wait: 1 };
  expect(await other.ask('POST', '/claim', claim)).toMatchObject({ status: 204 });
  const mirror = mirrorName(join(shop.deployment.directory, 'git/alpha-upstream'));
  expect((await other.ask('GET', `/git/${mirror}/info/refs?service=git-upload-pack`)).status).toBe(404);
  const old = { ...claim, protocol: 999 };
  expect(await other.ask('POST', '/claim', old)).toMatchObject({ body: { code: 'unsupported' } });
  await until('nothing to have been claimed', async () => (await listAttempts(shop.db, 1))[0]?.state === 'pending');
});
