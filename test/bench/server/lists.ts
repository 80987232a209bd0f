import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LOCAL_TOKEN } from '../../../src/app/lock/index.ts';
import { packDirectory } from '../../../src/builds/logs/index.ts';
import { openDatabase, sqliteUrl, type Db } from '../../../src/db/index.ts';
import { createTestDatabase } from '../../databases.ts';
import { BENCH } from '../deployment.ts';
import { median, quantile, rounded, type Benchmark, type Measurement, type Progress } from '../measurement.ts';
import { fillTrees } from './fill-trees.ts';
import { fillDatabase, fillRefs, projectName, type Size } from './fill.ts';
import { isForAdmin, LOGS, mayBeNone, requestsOf } from './requests.ts';
import { makeDeployment, memoryOf, processorSecondsOf, scaled, startServer, type BenchDeployment } from './serving.ts';

const SIZE: Size = {
  projects: scaled(10_000),
  builds: scaled(1_000_000),
  snapshots: scaled(100_000),
  votes: scaled(100_000),
  waiting: scaled(5000),
  people: true,
};
const PER_SECOND = 50;
/** Requests of each kind. */
const EACH = 60;
/** Before that, one after the other; the first ones load and compile. */
const ALONE = 7;
const GOAL = 50;

/** Every page and list of a large deployment under load, on both databases. */
export const benchmarkLists: Benchmark = async (progress) => {
  const sqlite = await makeDeployment('lists', settings());
  const db = await openDatabase({ url: sqliteUrl(`${sqlite.dataDir}/trunkline.sqlite`), mode: 'write' });
  await fill(db, progress);
  const found = [await measure(db, sqlite, progress)];
  await db.close();
  const database = await createTestDatabase('postgres');
  try {
    const other = await database.open();
    await fill(other, progress);
    const local = { local_dir: join(BENCH, 'server', 'lists', 'local') };
    const postgres = await makeDeployment('lists', { ...settings(), ...local, database: database.url });
    return [...found, await measure(other, postgres, progress)];
  } finally {
    await database.remove();
  }
};

function settings(): Record<string, unknown> {
  const address = (format: string) => ({ url: `https://git.invalid/${format}/%(name)s`, branch: 'main' });
  const names = Array.from({ length: SIZE.projects }, (_, n) => [projectName(n), { targets: ['rpms', 'debs'] }]);
  return {
    defaults: { upstream: address('upstream'), packaging: { rpm: address('rpm'), deb: address('deb') } },
    projects: Object.fromEntries(names),
  };
}

async function fill(db: Db, progress: Progress): Promise<void> {
  await fillDatabase(db, SIZE, progress);
  await fillTrees(db, SIZE, progress);
}

async function measure(db: Db, deployment: BenchDeployment, progress: Progress): Promise<Measurement> {
  const engine = db.adapter.name;
  await writeLogs(deployment.dataDir);
  const server = await startServer(deployment.config, { args: ['--no-poll', '--jobs', '0'] });
  try {
    await fillRefs(db);
    const asker: Asker = { url: server.url, token: await tokenOf(deployment) };
    const alone = await askInTurn(asker, server.pid);
    const before = await processorSecondsOf(server.pid);
    const times = await askAll(asker, `${engine}: `, progress);
    const used = (await processorSecondsOf(server.pid)) - before;
    const p95 = new Map([...times].map(([name, all]) => [name, quantile(all, 0.95)]));
    const slowest = [...p95].sort(([, a], [, b]) => b - a);
    const memory = await memoryOf(server.pid);
    return {
      ...{ name: `server-lists-${engine}`, ours: slowest[0]?.[1] ?? NaN, peer: null, unit: 'ms', peer_name: 'none' },
      target: `<= ${String(GOAL)} ms at the 95th percentile of the slowest page or list, ${String(PER_SECOND)} requests a second, ${String(SIZE.projects)} projects, ${String(SIZE.builds)} builds, ${String(SIZE.snapshots)} snapshots`,
      details: {
        median_of_all: rounded(median([...times.values()].flat())),
        percentile95_of_all: rounded(quantile([...times.values()].flat(), 0.95)),
        requests_of_each: EACH,
        server_ms_a_request: rounded((used * 1000) / (EACH * times.size)),
        over_goal: slowest.filter(([, ms]) => ms > GOAL).map(([name]) => name),
        percentile95: Object.fromEntries(slowest.map(([name, ms]) => [name, rounded(ms)])),
        median_alone: Object.fromEntries(alone.map(([name, { took }]) => [name, rounded(took)])),
        processor_alone: Object.fromEntries(alone.map(([name, { processor }]) => [name, rounded(processor)])),
        ...{ ready_after: rounded(server.readyAfter), resident_mb: rounded(memory.resident / 1e6) },
      },
    };
  } finally {
    await server.stop();
  }
}

/** Logs as they are kept, of the size that a build of a few minutes writes. */
async function writeLogs(dataDir: string): Promise<void> {
  const line = (n: number) =>
    `[${String(n)}/40000] cc -O2 -g -Wall -c part-${String(n * 7919)}.c -o part-${String(n)}.o\n`;
  const log = Array.from({ length: 40_000 }, (_, n) => line(n)).join('');
  for (let build = 1; build <= LOGS; build += 1) {
    const logs = join(dataDir, 'logs', String(build), '1');
    await mkdir(logs, { recursive: true });
    await writeFile(join(logs, 'build.log'), log);
    await packDirectory(logs);
  }
}

interface Asker {
  url: string;
  /** What an administrator shows. */
  token: string;
}

/** That of the server that runs in a deployment: in its data directory, or in its own with PostgreSQL. */
async function tokenOf({ dataDir, directory }: BenchDeployment): Promise<string> {
  const places = [dataDir, join(directory, 'local')].map((place) => readFile(join(place, LOCAL_TOKEN), 'utf8'));
  return (await Promise.any(places)).trim();
}

/** Milliseconds that a server with nothing else to do takes, and those of its processor, which others on the machine do not change; the slowest first. */
async function askInTurn(asker: Asker, pid: number): Promise<[string, { took: number; processor: number }][]> {
  const found: [string, { took: number; processor: number }][] = [];
  for (const [name, path] of Object.entries(requestsOf(SIZE))) {
    const [times, used]: [number[], number[]] = [[], []];
    for (let n = 0; n < ALONE; n += 1) {
      const before = await processorSecondsOf(pid);
      const began = performance.now();
      await ask(asker, path());
      times.push(performance.now() - began);
      used.push(((await processorSecondsOf(pid)) - before) * 1000);
    }
    found.push([name, { took: median(times), processor: median(used) }]);
  }
  return found.sort(([, a], [, b]) => b.took - a.took);
}

/** Milliseconds of each request, from when it was due, by its name. All kinds in turns, at an even pace, whether those before were answered or not. */
async function askAll(asker: Asker, label: string, progress: Progress): Promise<Map<string, number[]>> {
  const requests = requestsOf(SIZE);
  const times = new Map(Object.keys(requests).map((name) => [name, [] as number[]]));
  progress(`${label}${String(EACH)} requests of ${String(times.size)} kinds, ${String(PER_SECOND)} a second`);
  const began = performance.now();
  const asked: Promise<void>[] = [];
  let count = 0;
  for (let round = 0; round < EACH; round += 1)
    for (const [name, path] of shuffled(Object.entries(requests))) {
      const due = began + (count++ * 1000) / PER_SECOND;
      const wait = due - performance.now();
      if (wait > 0) await pause(wait);
      const from = Math.max(due, performance.now() - 5);
      const answered = ask(asker, path()).then(() => void times.get(name)?.push(performance.now() - from));
      // One that fails is told of when all are over.
      answered.catch(() => undefined);
      asked.push(answered);
    }
  await Promise.all(asked);
  return times;
}

/** In any order: in a fixed one the same few would always wait for the slow one before them. */
function shuffled<T>(all: readonly T[]): T[] {
  const places = all.map((one) => ({ one, at: Math.random() }));
  return places.sort((a, b) => a.at - b.at).map(({ one }) => one);
}

/** @throws Error for whatever is not answered */
async function ask({ url, token }: Asker, path: string): Promise<void> {
  const headers: Record<string, string> = isForAdmin(path) ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`${url}${path}`, { redirect: 'error', headers });
  const body = await answer.text();
  if (answer.status !== 200 && !(answer.status === 404 && mayBeNone(path)))
    throw new Error(`${path} was answered with ${String(answer.status)}: ${body.slice(0, 300)}`);
}
