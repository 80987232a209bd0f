import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { listAttempts, listBuilds } from '../../src/db/index.ts';
import { addSample, RPM, until } from '../e2e/fixture.ts';
import { expectIdle, findLeftovers, NOTHING } from '../e2e/host.ts';
import { checkRepository } from '../e2e/integrity.ts';
import { checkRecords, sqliteQuery } from '../e2e/records.ts';
import { upstream } from '../e2e/samples.ts';
import { serveDeployment } from '../server/serving.ts';
import { openWorkshop, type RunningWorker } from './deployment.ts';
import { openHosts, whyNoHosts } from './hosts.ts';
import { inSample } from '../sampled.ts';

vi.setConfig({ testTimeout: 600_000 });

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
/** Milliseconds: longer than the lease, so that what the host was building is made again elsewhere. */
const CUT = LONG ? 60_000 : 12_000;
const LEASE = '8s';
const impossible = await whyNoHosts();

const NAMES = ['alpha', 'beta', 'gamma'];

/** The worker that an attempt went to, once its build has begun. */
async function whereBegun(dataDir: string, workers: readonly RunningWorker[]) {
  return until(
    'each worker to be in the middle of a build',
    async () => {
      const found: number[] = [];
      for (const build of [1, 2, 3]) {
        const log = await readFile(join(dataDir, `logs/${String(build)}/1/build.log`), 'utf8').catch(() => '');
        if (log.includes('\nit-has-begun')) found.push(build);
      }
      return found.length >= workers.length ? found : undefined;
    },
    120_000,
  );
}

test.skipIf(impossible !== null || !inSample('three hosts'))(
  `three hosts, one cut off in mid-build and healed: every build ends once${impossible === null ? '' : ` (no namespaces: ${impossible})`}`,
  async () => {
    const hosts = await openHosts();
    const long = upstream('one', 'echo it-has-begun; sleep 6');
    const shop = await openWorkshop(
      async (deployment) => Promise.all(NAMES.map((name) => addSample(deployment, name, { first: long }))),
      { server: { worker_lease: LEASE } },
    );
    const { deployment, db } = shop;
    const { dataDir, config } = deployment;
    const server = await serveDeployment(config, `${hosts.server.address}:8080`, hosts.server.name);
    for (const name of NAMES) await shop.discover(name);
    const workers = [
      await shop.worker('one', server.url, { host: hosts.one.name }),
      await shop.worker('two', server.url, { host: hosts.two.name }),
    ] as const;
    const [one, two] = workers;
    await whereBegun(dataDir, workers);
    await hosts.one.cut();
    const cutAt = Date.now();
    await pause(CUT);
    // What it had is somebody else's by now, and what it sends under its old lease is refused.
    await hosts.one.heal();
    for (const build of await listBuilds(db, {})) {
      const id = build.build.id;
      expect(await shop.finished(id, 240_000), one.command.output.stdout + two.command.output.stdout).toMatchObject({
        result: 'success',
      });
    }
    const attempts = (await Promise.all([1, 2, 3].map((id) => listAttempts(db, id)))).flat();
    expect(attempts.filter(({ result }) => result === 'success')).toHaveLength(3);
    const lost = attempts.filter(({ result }) => result !== 'success');
    expect(lost).toMatchObject(
      lost.map(() => ({ result: 'failure', reason: 'infra_error', worker: 'worker/one/one' })),
    );
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.every(({ finishedAt }) => (finishedAt ?? 0) > cutAt)).toBe(true);
    // The host that came back works again.
    await until('the first worker to have dropped what it had', () =>
      one.events().some((event) => event.kind === 'done' && event.outcome === 'dropped'),
    );
    for (const { command, dataDir: place } of workers) {
      const idle = () => expectIdle(command.pid, place);
      await until('nothing to be left on a host', () =>
        idle().then(
          () => true,
          () => false,
        ),
      ).catch(() => undefined);
      await idle();
    }
    await until('the outbox to be empty', async () => {
      const waiting = await sqliteQuery(dataDir)('SELECT id FROM outbox WHERE delivered_at IS NULL');
      return waiting.length === 0;
    });
    await checkRecords(sqliteQuery(dataDir));
    await checkRepository(deployment, RPM);
    for (const worker of workers) {
      worker.command.kill('SIGTERM');
      await worker.command.done;
      expect(await findLeftovers([worker.command.pid], worker.dataDir)).toEqual(NOTHING);
    }
  },
);
