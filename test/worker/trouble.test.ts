import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { listAttempts } from '../../src/db/index.ts';
import { addSample, until, type Deployment, type Sample } from '../e2e/fixture.ts';
import { expectIdle, findLeftovers, NOTHING } from '../e2e/host.ts';
import { upstream } from '../e2e/samples.ts';
import { localClient, serveDeployment } from '../server/serving.ts';
import { openWorkshop, startWorker, type RunningWorker, type Workshop } from './deployment.ts';
import { sampled } from '../sampled.ts';

vi.setConfig({ testTimeout: 420_000 });

/** A project whose build says that it has begun, and takes so many seconds. */
const slow = (seconds: number) => async (deployment: Deployment) => [
  await addSample(deployment, 'alpha', { first: upstream('one', `echo it-has-begun; sleep ${String(seconds)}`) }),
];

const begun = ({ deployment }: Workshop, attempt: number) =>
  until(
    `attempt ${String(attempt)} to have begun`,
    async () =>
      (
        await readFile(join(deployment.dataDir, `logs/1/${String(attempt)}/build.log`), 'utf8').catch(() => '')
      ).includes('\nit-has-begun'),
    90_000,
  );

const told = (worker: RunningWorker, kind: string) => worker.events().filter((event) => event.kind === kind);

sampled(
  'a worker that is killed loses its build, and another makes it; a restarted one clears away what it left',
  async () => {
    const shop = await openWorkshop(slow(8));
    const { url } = await shop.serve();
    await shop.discover('alpha');
    const one = await shop.worker('one', url);
    await begun(shop, 1);
    one.command.kill('SIGKILL');
    await one.command.done;
    const two = await shop.worker('two', url);
    expect(await shop.finished(1), two.command.output.stdout).toMatchObject({ result: 'success' });
    expect(await listAttempts(shop.db, 1)).toMatchObject([
      { number: 1, result: 'failure', reason: 'infra_error', worker: 'worker/one/one', retries: 0 },
      { number: 2, result: 'success', worker: 'worker/two/two', retries: 0 },
    ]);
    await until('the second worker to be done', () => told(two, 'done').length === 1);
    await expectIdle(two.command.pid, two.dataDir);
    expect((await findLeftovers([one.command.pid], one.dataDir)).processes).toEqual([]);
    const again = await startWorker(one.dataDir, { name: 'one', url, token: shop.tokens.one });
    await until('the first worker to be ready again', () => told(again, 'ready').length > 0);
    await expectIdle(again.command.pid, again.dataDir);
  },
);

sampled('a cancelled build ends on its worker within five seconds and leaves nothing', async () => {
  const shop = await openWorkshop(slow(600));
  const { url } = await shop.serve();
  await shop.discover('alpha');
  const one = await shop.worker('one', url);
  await begun(shop, 1);
  const started = performance.now();
  await (await localClient(url, shop.deployment.dataDir)).post('cancelBuild', { build: 1 }, { reason: 'a test' });
  await until('the worker to drop it', () => told(one, 'done').length === 1);
  expect(performance.now() - started).toBeLessThan(5000);
  expect(told(one, 'done')).toMatchObject([{ outcome: 'dropped' }]);
  await expectIdle(one.command.pid, one.dataDir);
  expect(await shop.finished(1)).toMatchObject({ result: 'cancelled' });
  await until('the server to have cleared away', async () => {
    const left = await readdir(join(shop.deployment.dataDir, 'scratch')).catch(() => []);
    return left.length === 0;
  });
});

sampled('a worker that hangs beyond its lease is fenced: another makes the build, and the first drops it', async () => {
  const shop = await openWorkshop(slow(10));
  const { url } = await shop.serve();
  await shop.discover('alpha');
  const one = await shop.worker('one', url);
  await begun(shop, 1);
  one.command.kill('SIGSTOP');
  const two = await shop.worker('two', url);
  await begun(shop, 2);
  one.command.kill('SIGCONT');
  await until('the first worker to drop it', () => told(one, 'done').length === 1);
  expect(told(one, 'done')).toMatchObject([{ outcome: 'dropped' }]);
  await expectIdle(one.command.pid, one.dataDir);
  expect(await shop.finished(1), two.command.output.stdout).toMatchObject({ result: 'success' });
  expect((await listAttempts(shop.db, 1)).map(({ result }) => result)).toEqual(['failure', 'success']);
});

sampled('a worker that is stopped gives its build back at once', async () => {
  const shop = await openWorkshop(slow(8), { server: { worker_lease: '10m' } });
  const { url } = await shop.serve();
  await shop.discover('alpha');
  const one = await shop.worker('one', url);
  await begun(shop, 1);
  one.command.kill('SIGTERM');
  expect((await one.command.done).code).toBe(143);
  expect(told(one, 'done')).toMatchObject([{ outcome: 'left' }]);
  expect(await findLeftovers([one.command.pid], one.dataDir)).toEqual(NOTHING);
  const two = await shop.worker('two', url);
  expect(await shop.finished(1), two.command.output.stdout).toMatchObject({ result: 'success' });
});

sampled(
  'a worker that is drained ends when its build has, takes no other, and does again when it is resumed',
  async () => {
    const samples: Sample[] = [];
    const shop = await openWorkshop(async (deployment) => {
      samples.push(...(await slow(4)(deployment)));
      return samples;
    });
    const { url } = await shop.serve();
    const { json, cli } = shop.deployment;
    await shop.discover('alpha');
    const one = await shop.worker('one', url);
    await begun(shop, 1);
    const drained = { worker: 'worker/one/one', drainedAt: expect.any(String) as string, running: 1 };
    expect(await json(['workers', 'drain', 'one', '--reason', 'its fan is loud'])).toEqual(drained);
    await samples[0]?.push('two');
    await shop.discover('alpha');
    expect(await shop.finished(1), one.command.output.stdout).toMatchObject({ result: 'success' });
    expect((await one.command.done).code).toBe(0);
    expect(told(one, 'drained')).toHaveLength(1);
    expect(await listAttempts(shop.db, 2)).toMatchObject([{ number: 1, state: 'pending' }]);
    expect((await cli('workers')).stdout).toMatch(/^worker\/one\/one .*\(drained\)/m);
    expect((await cli('build', 'show', '2')).stdout).toContain('worker/one/one: is drained, and takes nothing new');
    expect(await cli('workers', 'drain', 'nobody')).toMatchObject({ code: 1 });
    // It stays so when it is started again.
    const restarted = await startWorker(one.dataDir, { name: 'one', url, token: shop.tokens.one });
    expect((await restarted.command.done).code).toBe(0);
    expect(await json(['workers', 'resume', 'worker/one/one'])).toMatchObject({ drainedAt: null, running: 0 });
    const again = await startWorker(one.dataDir, { name: 'one', url, token: shop.tokens.one });
    expect(await shop.finished(2), again.command.output.stdout).toMatchObject({ result: 'success' });
    const acts = await json<{ action: string; reason: string | null }[]>(['audit', '--subject', 'worker/one/one']);
    expect(acts.map(({ action, reason }) => [action, reason])).toEqual([
      ['resume_worker', null],
      ['drain_worker', 'its fan is loud'],
    ]);
  },
);

sampled('a server that is killed and started again finds its worker, and loses nothing', async () => {
  const shop = await openWorkshop(slow(8), { server: { worker_lease: '1m' } });
  const first = await shop.serve();
  await shop.discover('alpha');
  const one = await shop.worker('one', first.url);
  await begun(shop, 1);
  first.command.kill('SIGKILL');
  await first.command.done;
  await pause(3000);
  await serveDeployment(shop.deployment.config, first.url.replace('http://', ''));
  expect(await shop.finished(1), one.command.output.stdout).toMatchObject({ result: 'success' });
  expect(await listAttempts(shop.db, 1)).toMatchObject([{ number: 1, result: 'success' }]);
  const log = await readFile(join(shop.deployment.dataDir, 'logs/1/1/build.log'), 'utf8');
  expect(log.match(/^it-has-begun$/gm)).toHaveLength(1);
});
