import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { startPostgres } from '../own-postgres.ts';
import { startWorker } from '../worker/deployment.ts';
import { only, RPM, start, until } from './fixture.ts';
import { findLeftovers, NOTHING } from './host.ts';
import { checkRepository } from './integrity.ts';
import { giveRoots } from './prepared-roots.ts';
import { checkRecords, postgresQuery } from './records.ts';
import { clockOff, deployServers, serveAll } from './servers.ts';
import { sampled } from '../sampled.ts';

const QUICK = { jobs: 1, log_level: 'info', server: { poll_interval: '1s', worker_lease: '4s' } };
/** Milliseconds for which the database is away. */
const AWAY = process.env.TRUNKLINE_TEST_LONG === '1' ? 30_000 : 3000;
/** Milliseconds for a few builds on a machine that may have other work. */
const BUILT = 120_000;

interface Attempt {
  build_id: number;
  worker: string;
  state: string;
  result: string | null;
}

sampled(
  'two servers, the clock of one an hour ahead, build together; one is killed, then the database: nothing is lost, nothing twice',
  async () => {
    const postgres = await startPostgres();
    const deployment = await deployServers(['alpha', 'beta'], { count: 2, settings: QUICK, database: postgres.url });
    const { database, samples, places } = deployment;
    const query = postgresQuery(database);
    const attempts = async () =>
      (await query('SELECT build_id, worker, state, result FROM attempts ORDER BY id')) as Attempt[];
    const running = async () => (await attempts()).filter(({ state }) => state === 'running');
    const finished = (count: number) =>
      until(
        `${String(count)} successes`,
        async () => (await query("SELECT id FROM builds WHERE result = 'success'")).length === count,
        BUILT,
      );
    const [one, two] = places.map(({ config }) => config);
    const first = await serveAll(one ?? '');
    const second = await serveAll(two ?? '', [], await clockOff('+1h'));
    await finished(2);
    // A third beside them, with a local directory of its own.
    expect(await deployment.cli('run')).toMatchObject({ code: 0 });
    const collecting = ['gc', '--now', '--older-than', '0s', '--keep-last', '1'];
    for (const sample of samples) await sample.push('two', 'sleep 3');
    const held = await until('both to build', async () => {
      const now = await running();
      return new Set(now.map(({ worker }) => worker)).size === 2 ? now : undefined;
    });
    first.command.killGroup('SIGKILL');
    await first.command.done;
    await finished(4);
    const [interrupted, ...others] = (await attempts()).filter(({ result }) => result === 'failure');
    expect(others).toEqual([]);
    expect(held.map(({ worker }) => worker)).toContain(interrupted?.worker);
    // It comes back to a local directory with what it left, and does no harm.
    const again = await serveAll(one ?? '');
    for (const sample of samples) await sample.push('three', 'sleep 2');
    await until('both to build', async () => new Set((await running()).map(({ worker }) => worker)).size === 2, BUILT);
    // Alone, and through a server.
    expect(await deployment.cli(...collecting)).toMatchObject({ code: 0 });
    expect(await start(['--config', two ?? '', ...collecting]).done).toMatchObject({ code: 0 });
    await postgres.stop();
    await pause(AWAY);
    await postgres.start();
    await finished(6);
    await until(
      'all to be told',
      async () => (await query('SELECT id FROM outbox WHERE delivered_at IS NULL')).length === 0,
      BUILT,
    );
    for (const { command } of [again, second]) command.kill('SIGTERM');
    expect((await Promise.all([again.command.done, second.command.done])).map(({ code }) => code)).toEqual([143, 143]);
    await checkRecords(query);
    await checkRepository(deployment, RPM);
    const pids = [first, second, again].map(({ command }) => command.pid);
    for (const directory of [deployment.dataDir, ...places.map(({ localDir }) => localDir)])
      expect(await findLeftovers(pids, directory)).toEqual(NOTHING);
  },
  600_000,
);

sampled('a worker goes on with its build at another server when its own is killed: nothing is made twice', async () => {
  const settings = { ...QUICK, server: { poll_interval: '1s', worker_lease: '60s' } };
  const deployment = await deployServers(['alpha'], { count: 2, settings });
  const query = postgresQuery(deployment.database);
  const attempts = async () => (await query('SELECT worker, state, result FROM attempts ORDER BY id')) as Attempt[];
  const { token } = await deployment.json<{ token: string }>(['token', 'create', 'worker/far', '--target', '*']);
  const [one, two] = deployment.places.map(({ config }) => config);
  const first = await serveAll(one ?? '', ['--jobs', '0']);
  const directory = join(deployment.directory, 'worker');
  await mkdir(directory);
  await chmod(directory, 0o755);
  await giveRoots(directory, deployment.base);
  await only(deployment.samples).push('head', 'sleep 3');
  const worker = await startWorker(directory, { name: 'far', url: first.url, token });
  await until('its build to begin', async () => (await attempts())[0]?.state === 'running');
  await pause(1000);
  first.command.killGroup('SIGKILL');
  await first.command.done;
  const second = await serveAll(two ?? '', ['--jobs', '0', '--listen', new URL(first.url).host]);
  await until('the build to end', async () => (await attempts())[0]?.result, BUILT);
  expect(await attempts()).toMatchObject([{ worker: 'worker/far/far', result: 'success' }]);
  for (const command of [worker.command, second.command]) {
    command.kill('SIGTERM');
    await command.done;
  }
  await checkRepository(deployment, RPM);
  // What the first had in its own directory goes when it starts again.
  for (const place of [deployment.dataDir, directory, deployment.places[1]?.localDir ?? ''])
    expect(await findLeftovers([first.command.pid, second.command.pid, worker.command.pid], place)).toEqual(NOTHING);
});
