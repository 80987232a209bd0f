import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase, sqliteUrl } from '../../../src/db/index.ts';
import { BENCH } from '../deployment.ts';
import { rounded, type Benchmark, type Progress } from '../measurement.ts';
import { openMeter } from '../processor-time.ts';
import { makeSample } from '../samples.ts';
import { projectName } from './fill.ts';
import { serveGit } from './git-server.ts';
import { makeDeployment, memoryOf, scaled, startServer } from './serving.ts';

const PROJECTS = scaled(1000);
/** Seconds. */
const INTERVAL = 60;
const MEASURED = 2 * INTERVAL;
const LONGEST_FIRST_LOOK = 3_600_000;

/** A server that looks at many projects each minute and finds nothing new: processor time of it and of all processes it starts. The git server is not in it. */
export const benchmarkPolls: Benchmark = async (progress) => {
  const place = join(BENCH, 'server', 'polled');
  // Of a run that was ended half-way.
  await rm(place, { recursive: true, force: true });
  const sample = await makeSample(place, 'sample');
  const git = await serveGit({ up: join(sample.upstream, '.git'), packaging: join(sample.packaging, '.git') });
  const names = Array.from({ length: PROJECTS }, (_, n) => [projectName(n), { targets: ['rpms'] }]);
  const { config, dataDir } = await makeDeployment('polls', {
    server: { poll_interval: `${String(INTERVAL)}s` },
    defaults: {
      upstream: { url: `${git.url}/up/%(name)s`, branch: 'main' },
      packaging: { rpm: { url: `${git.url}/packaging/%(name)s`, branch: 'main', path: 'rpm' } },
    },
    projects: Object.fromEntries(names),
  });
  const meter = await openMeter();
  const server = await startServer(config, { args: ['--jobs', '0'], launcher: meter.launcher });
  try {
    await firstLooks(dataDir, progress);
    progress(`${String(PROJECTS)} projects, ${String(MEASURED)} s`);
    const before = { seconds: await meter.seconds(), requests: git.requests(), at: performance.now() };
    await pause(MEASURED * 1000);
    const wall = (performance.now() - before.at) / 1000;
    const used = ((await meter.seconds()) ?? NaN) - (before.seconds ?? NaN);
    const memory = await memoryOf(server.pid);
    return [
      {
        ...{ name: 'server-polls', ours: used / wall, peer: null, unit: 'of one core', peer_name: 'none' },
        target: `<= 0.1 with ${String(PROJECTS)} projects each ${String(INTERVAL)} s`,
        details: {
          requests_a_second: rounded((git.requests() - before.requests) / wall),
          expected_requests_a_second: rounded((2 * PROJECTS) / INTERVAL),
          resident_mb: rounded(memory.resident / 1e6),
        },
      },
    ];
  } finally {
    await server.stop();
    await meter.close();
    await git.close();
  }
};

/** Waits until everything was looked at once: then it is fetched and known. */
async function firstLooks(dataDir: string, progress: Progress): Promise<void> {
  const db = await openDatabase({ url: sqliteUrl(join(dataDir, 'trunkline.sqlite')), mode: 'read' });
  try {
    for (let waited = 0; waited < LONGEST_FIRST_LOOK; waited += 2000) {
      const rows = await db.sql.selectFrom('polls').select(['polled_at', 'error']).execute();
      const failed = rows.find(({ error }) => error !== null);
      if (failed !== undefined) throw new Error(`a project cannot be looked at: ${failed.error ?? ''}`);
      const seen = rows.filter(({ polled_at }) => polled_at !== null).length;
      if (seen >= PROJECTS) return;
      if (waited % 20_000 === 0)
        progress(`looked at ${String(seen)} of ${String(PROJECTS)} projects for the first time`);
      await pause(2000);
    }
    throw new Error('the projects were not all looked at in an hour');
  } finally {
    await db.close();
  }
}
