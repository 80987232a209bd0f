import { expect, test } from 'vitest';
import { RPM, until } from './fixture.ts';
import { findLeftovers, NOTHING } from './host.ts';
import { checkRepository } from './integrity.ts';
import { checkRecords, postgresQuery } from './records.ts';
import { deployServers, serveAll } from './servers.ts';
import type { BuildView } from './views.ts';

const QUICK = { jobs: 1, log_level: 'info', server: { poll_interval: '1s', worker_lease: '4s' } };

interface Held {
  build_id: number;
  worker: string;
}

test('two servers build a queue together; one is killed: the other finishes everything, nothing twice', async () => {
  const deployment = await deployServers(['alpha', 'beta'], { count: 2, settings: QUICK });
  const { database, json, samples, places } = deployment;
  const query = postgresQuery(database);
  const running = async () => (await query("SELECT build_id, worker FROM attempts WHERE state = 'running'")) as Held[];
  const finished = async () =>
    (await json<BuildView[]>(['builds', '--limit', '1000'])).filter((one) => one.result !== null);
  const [one, two] = places.map(({ config }) => config);
  const first = await serveAll(one ?? '');
  const second = await serveAll(two ?? '');
  await until('the heads to be built', async () => (await finished()).length === 2, 120_000);
  for (const sample of samples) for (const name of ['two', 'three']) await sample.push(name, 'sleep 2');
  const held = await until('both to build', async () => {
    const now = await running();
    return new Set(now.map(({ worker }) => worker)).size === 2 ? now : undefined;
  });
  first.command.killGroup('SIGKILL');
  await first.command.done;
  const left = await until(
    'the other to take over',
    async () => {
      const done = await finished();
      return done.length === 6 ? done : undefined;
    },
    120_000,
  );
  expect(left.map(({ result }) => result)).toEqual(Array(6).fill('success'));
  const interrupted = (await query("SELECT build_id, worker FROM attempts WHERE result = 'failure'")) as Held[];
  expect(interrupted.length).toBe(1);
  expect(held).toContainEqual(interrupted[0]);
  // It comes back to a local directory with what it left, and does no harm.
  const again = await serveAll(one ?? '');
  await until(
    'its deliveries',
    async () => (await query('SELECT id FROM outbox WHERE delivered_at IS NULL')).length === 0,
  );
  await checkRecords(query);
  await checkRepository(deployment, RPM);
  for (const { command } of [again, second]) command.kill('SIGTERM');
  expect((await Promise.all([again.command.done, second.command.done])).map(({ code }) => code)).toEqual([143, 143]);
  const pids = [first, second, again].map(({ command }) => command.pid);
  for (const directory of [deployment.dataDir, ...places.map(({ localDir }) => localDir)])
    expect(await findLeftovers(pids, directory)).toEqual(NOTHING);
});
