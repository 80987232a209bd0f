import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, vi } from 'vitest';
import { listAttempts } from '../../src/db/index.ts';
import { addSample, until } from '../e2e/fixture.ts';
import { upstream } from '../e2e/samples.ts';
import { openWorkshop } from './deployment.ts';
import { sampled } from '../sampled.ts';

vi.setConfig({ testTimeout: 420_000 });

/** A way to a server that can be cut off, and break off. */
async function wayTo(url: string) {
  const sockets = new Set<Socket>();
  const state = { open: true };
  const server = createServer((near) => {
    if (!state.open) return near.destroy();
    const far = connect(Number(new URL(url).port), '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    return undefined;
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const breakOff = () => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    breakOff();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    breakOff,
    cut: () => {
      state.open = false;
      breakOff();
    },
    heal: () => {
      state.open = true;
    },
  };
}

/** Builds a project over a way that `trouble` makes bad from when the build has begun. */
async function buildOver(
  trouble: (way: Awaited<ReturnType<typeof wayTo>>, over: AbortSignal) => Promise<void>,
  settings: Record<string, unknown>,
) {
  const talking = 'echo it-has-begun; for n in $(seq 1 60); do echo "line $n of it"; sleep 0.1; done';
  const shop = await openWorkshop(
    async (deployment) => [await addSample(deployment, 'alpha', { first: upstream('one', talking) })],
    settings,
  );
  const { url } = await shop.serve();
  const way = await wayTo(url);
  await shop.discover('alpha');
  const one = await shop.worker('one', way.url);
  const log = join(shop.deployment.dataDir, 'logs/1/1/build.log');
  const read = () => readFile(log, 'utf8').catch(() => '');
  await until('the build to have begun', async () => (await read()).includes('\nit-has-begun'));
  const over = new AbortController();
  const troubling = trouble(way, over.signal);
  const build = await shop.finished(1);
  over.abort();
  await troubling;
  return { shop, build, one, log: await read() };
}

const said = (log: string) => (log.match(/^line \d+ of it$/gm) ?? []).join();
const ALL = Array.from({ length: 60 }, (_, n) => `line ${String(n + 1)} of it`).join();

sampled('a worker that is cut off for a while, in mid-build, goes on; its log is whole', async () => {
  const { shop, build, log, one } = await buildOver(
    async (way) => {
      way.cut();
      await pause(12_000);
      way.heal();
    },
    { server: { worker_lease: '1m' } },
  );
  expect(build, one.command.output.stdout).toMatchObject({ result: 'success' });
  expect(await listAttempts(shop.db, 1)).toMatchObject([{ number: 1, result: 'success' }]);
  expect(said(log)).toBe(ALL);
});

sampled('connections that break off again and again lose nothing and add nothing', async () => {
  const { shop, build, log, one } = await buildOver(
    async (way, over) => {
      while (!over.aborted) {
        await pause(300);
        way.breakOff();
      }
    },
    { server: { worker_lease: '1m' } },
  );
  expect(build, one.command.output.stdout).toMatchObject({ result: 'success' });
  expect(await listAttempts(shop.db, 1)).toMatchObject([{ number: 1, result: 'success' }]);
  expect(said(log)).toBe(ALL);
});

sampled('one that is cut off for longer than its lease drops the build, which is made again', async () => {
  const { shop, build, one } = await buildOver(
    async (way) => {
      way.cut();
      await pause(20_000);
      way.heal();
    },
    { server: { worker_lease: '6s' } },
  );
  expect(build, one.command.output.stdout).toMatchObject({ result: 'success' });
  expect((await listAttempts(shop.db, 1)).map(({ result, worker }) => `${String(result)} ${String(worker)}`)).toEqual([
    'failure worker/one/one',
    'success worker/one/one',
  ]);
  const done = () => one.events().filter(({ kind }) => kind === 'done');
  await until('the worker to have said so', () => done().length === 2);
  expect(done()).toMatchObject([{ outcome: 'dropped' }, { outcome: 'ended' }]);
});
