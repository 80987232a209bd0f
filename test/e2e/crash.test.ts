import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { addSample, DEB, deploy, RPM, until, type Deployment, type RunningCommand, type Sample } from './fixture.ts';
import { findLeftovers, NOTHING } from './host.ts';
import { checkRepository } from './integrity.ts';
import { contentsOf, refOf } from './published.ts';
import { randomNumbers, SEED } from './random.ts';
import { checkRecords, sqliteQuery } from './records.ts';
import type { BuildView, PlaceView } from './views.ts';
import { sampled } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
const ROUNDS = Number(process.env.TRUNKLINE_TEST_ROUNDS ?? (LONG ? 100 : 3));

const TARGETS = [RPM, DEB];

/** What the database says, past the commands: nothing twice, nothing half. */
async function checkDatabase({ dataDir }: Deployment): Promise<void> {
  const query = sqliteQuery(dataDir);
  await checkRecords(query);
  expect(await query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
}

/** After a run to the end: every build of the last commits is there, published, shown and in `current`. */
async function checkEnd(deployment: Deployment, commits: Record<string, string>, pids: number[]): Promise<void> {
  await checkDatabase(deployment);
  const builds = await deployment.json<BuildView[]>(['builds', '--limit', '10000']);
  expect(builds.filter(({ result }) => result !== 'success')).toEqual([]);
  for (const [project, commit] of Object.entries(commits)) {
    const places = await deployment.json<PlaceView[]>(['where', commit]);
    expect(places.map((one) => one.project)).toEqual(places.map(() => project));
    expect(places.length).toBeGreaterThan(0);
    for (const { target, directory, refs, packages } of places) {
      expect(refs).toEqual(['consistent', 'current']);
      const names = await readdir(join(deployment.dataDir, directory ?? ''));
      expect(names).toEqual(expect.arrayContaining(['build.log', 'commit.yaml', 'installed', 'pool', 'versions.csv']));
      const index = target === RPM ? 'repodata' : 'dists';
      expect((await stat(join(deployment.dataDir, directory ?? '', index))).isDirectory()).toBe(true);
      const current = (await contentsOf(deployment, target)).map(({ sha256 }) => sha256);
      for (const { sha256 } of packages) expect(current).toContain(sha256);
    }
  }
  for (const target of TARGETS) await checkRepository(deployment, target);
  expect(await findLeftovers(pids, deployment.dataDir)).toEqual(NOTHING);
}

async function killAfter(running: RunningCommand, milliseconds: number, whole: boolean): Promise<boolean> {
  const ended = await Promise.race([running.done.then(() => true), pause(milliseconds, false)]);
  if (!ended && whole) running.killGroup('SIGKILL');
  if (!ended && !whole) running.kill('SIGKILL');
  await running.done;
  return !ended;
}

async function pushEverywhere(samples: readonly Sample[], round: number): Promise<Record<string, string>> {
  const commits: Record<string, string> = {};
  for (const sample of samples) commits[sample.name] = await sample.push(`round ${round}`);
  return commits;
}

sampled(
  `kill -9 at ${ROUNDS} random moments (seed ${SEED}): nothing lost, nothing twice, nothing half, nothing left`,
  async () => {
    const deployment = await deploy();
    const samples = [
      await addSample(deployment, 'alpha'),
      await addSample(deployment, 'beta'),
      await addSample(deployment, 'gamma', { formats: 'both' }),
    ];
    await deployment.configure({ projects: Object.fromEntries(samples.map(({ name, entry }) => [name, entry])) });
    const random = randomNumbers(SEED);
    expect((await deployment.cli('run')).code).toBe(0);
    await pushEverywhere(samples, 0);
    const started = performance.now();
    expect((await deployment.cli('run')).code).toBe(0);
    const whole = performance.now() - started;
    let killed = 0;
    for (let round = 1; round <= ROUNDS; round += 1) {
      const commits = await pushEverywhere(samples, round);
      const pids: number[] = [];
      // One in three is followed by another one that is killed.
      do {
        const running = deployment.start('run');
        pids.push(running.pid);
        if (await killAfter(running, random() * whole, round % 2 === 0)) killed += 1;
        await until('the end of every process of the killed run', async () => {
          const { processes } = await findLeftovers([running.pid], deployment.dataDir);
          return processes.length === 0;
        });
        for (const target of TARGETS) {
          await checkRepository(deployment, target);
          expect(await refOf(deployment, target, 'current')).not.toBeNull();
        }
      } while (random() < 1 / 3);
      const last = deployment.start('run');
      pids.push(last.pid);
      const { code, stderr } = await last.done;
      expect({ round, code, stderr }).toMatchObject({ code: 0 });
      await checkEnd(deployment, commits, pids);
      if (round % 10 === 0) process.stderr.write(`${String(round)} of ${String(ROUNDS)} rounds\n`);
    }
    // With few of them that is chance.
    expect(killed).toBeGreaterThanOrEqual(LONG ? ROUNDS / 2 : 1);
  },
  // Half an hour on an idle machine.
  LONG ? 3 * 3_600_000 : 300_000,
);
