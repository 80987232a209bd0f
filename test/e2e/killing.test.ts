import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startWorker } from '../worker/deployment.ts';
import { deploySamples, RPM, until, type Deployment, type RunningCommand, type Sample } from './fixture.ts';
import { findLeftovers, NOTHING } from './host.ts';
import { checkRepository } from './integrity.ts';
import { giveRoots } from './prepared-roots.ts';
import { refOf } from './published.ts';
import { randomNumbers, SEED } from './random.ts';
import { checkRecords, postgresQuery, sqliteQuery, type Query } from './records.ts';
import { deployServers, serveAll } from './servers.ts';
import { inSample } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
const ROUNDS = Number(process.env.TRUNKLINE_TEST_ROUNDS ?? (LONG ? 200 : 2));
/** Commits of each project that wait at first, and again whenever fewer builds than there are workers do. */
const COMMITS = LONG ? 50 : 2;
const NAMES = LONG ? ['alpha', 'beta', 'gamma', 'delta'] : ['alpha', 'beta'];
const WORKERS = LONG ? 4 : 2;
/** Milliseconds between two kills, at most. */
const BETWEEN = 4000;
/** Milliseconds in which what waits is built on a machine that may have other work. */
const PATIENCE = LONG ? 3_600_000 : 300_000;
const SETTINGS = { max_retries: 100, log_level: 'error', server: { poll_interval: '1s', worker_lease: '5s' } };

/** A server or worker that is killed now and then, and started again where it was. */
interface Member {
  what: string;
  directory: string;
  command: RunningCommand;
  again: () => Promise<RunningCommand>;
}

interface Cluster {
  deployment: Deployment & { samples: Sample[]; database?: string };
  query: Query;
  /** Configurations of the servers, each with the directory that is its own. */
  places: { config: string; localDir: string }[];
  /** Options of `serve`: workers build, and with PostgreSQL the servers too. */
  options: string[];
}

async function overSqlite(): Promise<Cluster> {
  const deployment = await deploySamples(NAMES, { settings: SETTINGS });
  const { config, dataDir } = deployment;
  return { deployment, query: sqliteQuery(dataDir), places: [{ config, localDir: dataDir }], options: ['--jobs', '0'] };
}

async function overPostgres(): Promise<Cluster> {
  const deployment = await deployServers(NAMES, { count: 2, settings: SETTINGS });
  const { places, database } = deployment;
  return { deployment, query: postgresQuery(database), places, options: ['--jobs', '1'] };
}

/** Starts the servers, and workers that each keep to one of them. */
async function assemble({ deployment, places, options }: Cluster): Promise<Member[]> {
  const { token } = await deployment.json<{ token: string }>(['token', 'create', 'worker/all', '--target', '*']);
  const members: Member[] = [];
  const urls: string[] = [];
  for (const { config, localDir } of places) {
    const { url, command } = await serveAll(config, options);
    const listen = new URL(url).host;
    const again = async () => (await serveAll(config, [...options, '--listen', listen])).command;
    members.push({ what: `server at ${listen}`, directory: localDir, command, again });
    urls.push(url);
  }
  for (let n = 0; n < WORKERS; n += 1) {
    const directory = join(deployment.directory, `worker-${String(n)}`);
    await mkdir(directory);
    await chmod(directory, 0o755);
    await giveRoots(directory, deployment.base);
    const url = urls[n % urls.length] ?? '';
    const again = async () => (await startWorker(directory, { name: `w${String(n)}`, url, token })).command;
    members.push({ what: `worker ${String(n)}`, directory, command: await again(), again });
  }
  return members;
}

const countOf = async (query: Query, where: string) =>
  Number(((await query(`SELECT count(*) AS n FROM builds WHERE ${where}`)) as { n: unknown }[])[0]?.n);

test
  .runIf(inSample('kills of servers and workers'))
  .each([
    ['SQLite, a server and workers', overSqlite] as const,
    ['PostgreSQL, two servers and workers', overPostgres] as const,
  ])(
  `%s: kill -9 of any of them ${ROUNDS} times (seed ${SEED}): every build ends once, nothing is left`,
  async (_, open) => {
    const cluster = await open();
    const { deployment, query } = cluster;
    const { samples, dataDir } = deployment;
    const members = await assemble(cluster);
    const random = randomNumbers(SEED);
    const pids = members.map(({ command }) => command.pid);
    let expected = samples.length;
    const push = async () => {
      for (let n = 0; n < COMMITS; n += 1)
        for (const sample of samples) await sample.push(`commit ${String((expected += 1))}`);
    };
    await until('the heads to be found', async () => (await countOf(query, '1 = 1')) === expected, PATIENCE);
    await push();
    for (let round = 1; round <= ROUNDS; round += 1) {
      await until('commits to be found', async () => (await countOf(query, '1 = 1')) === expected, PATIENCE);
      if ((await countOf(query, "state <> 'finished'")) < WORKERS) await push();
      await pause(random() * BETWEEN);
      const victim = members[Math.trunc(random() * members.length)];
      if (victim === undefined) throw new Error('nobody to kill');
      victim.command.killGroup('SIGKILL');
      await victim.command.done;
      // Some stay away for longer than their leases.
      await pause(random() < 0.2 ? 8000 : random() * 1000);
      victim.command = await victim.again();
      pids.push(victim.command.pid);
      if (round % 10 !== 0) continue;
      process.stderr.write(`${String(round)} of ${String(ROUNDS)} rounds: ${victim.what} was the last\n`);
    }
    const over = async () =>
      (await countOf(query, "state = 'finished'")) === expected &&
      (await query('SELECT id FROM outbox WHERE delivered_at IS NULL')).length === 0;
    await until('every build to end, and to be told of', over, PATIENCE);
    // A server looks every five seconds for what it has in hand of attempts that others ended.
    const inHand = async () =>
      (await Promise.all(members.map((one) => readdir(join(one.directory, 'scratch')).catch(() => [])))).flat();
    await until('what is over to be cleared away', async () => (await inHand()).length === 0, PATIENCE);
    for (const { command } of members) command.kill('SIGTERM');
    await Promise.all(members.map(({ command }) => command.done));
    expect(await query("SELECT id, reason, detail FROM builds WHERE result <> 'success'")).toEqual([]);
    await checkRecords(query);
    await checkRepository(deployment, RPM);
    expect(await refOf(deployment, RPM, 'current')).toBe(await refOf(deployment, RPM, 'consistent'));
    for (const directory of [dataDir, ...members.map((one) => one.directory)])
      expect(await findLeftovers(pids, directory)).toEqual(NOTHING);
  },
  LONG ? 4 * 3_600_000 : 600_000,
);
