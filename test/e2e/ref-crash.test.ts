import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { dearmor, run } from '../../src/lib/index.ts';
import { buildDeb, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { DEB, deploy, RPM, until, type Deployment } from './fixture.ts';
import { findLeftovers } from './host.ts';
import { upload } from './intake.ts';
import { checkRepository } from './integrity.ts';
import { refOf, repositoryOf } from './published.ts';
import { randomNumbers, SEED } from './random.ts';
import { sqliteQuery } from './records.ts';
import { sampled } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
const ROUNDS = Number(process.env.TRUNKLINE_TEST_ROUNDS ?? (LONG ? 100 : 3));
const REASON = ['--reason', 'it is tried'];

/** Two snapshots of each format, signed, and a ref `tested` that has moved between them. */
async function world(): Promise<Deployment & { snapshots: Record<string, string[]> }> {
  const deployment = await deploy();
  const { directory, json } = deployment;
  await deployment.configure({ settings: { signing: {} } });
  // By the command: an agent that this process starts would stay as long as it.
  await json(['key', 'rotate']);
  const snapshots: Record<string, string[]> = { [RPM]: [], [DEB]: [] };
  for (const version of ['1', '2']) {
    const rpm = await upload(deployment, RPM, await buildRpm(directory, { name: 'tool', version }));
    const there = join(directory, `debs-${version}`);
    await mkdir(there);
    const file = `tool_${version}_all.deb`;
    const deb = await upload(deployment, DEB, [await buildDeb(there, controlOf('tool', version), { file })]);
    snapshots[RPM]?.push(rpm.snapshot);
    snapshots[DEB]?.push(deb.snapshot);
  }
  for (const target of [RPM, DEB])
    for (const hash of snapshots[target] ?? []) await json(['ref', 'set', `${target}/tested`, hash, ...REASON]);
  return { ...deployment, snapshots };
}

/** What a client that comes now finds: the ref's first file, signed as a whole, about one of the snapshots. */
async function checkReadable(deployment: Deployment, target: string, snapshots: readonly string[]): Promise<void> {
  const top = repositoryOf(deployment, target);
  expect(snapshots).toContain(await refOf(deployment, target, 'tested'));
  const signed =
    target === RPM
      ? [join(top, 'tested/repodata/repomd.xml.asc'), join(top, 'tested/repodata/repomd.xml')]
      : [join(top, 'tested/dists/trunk/InRelease')];
  const ring = join(deployment.directory, `${target}.gpg`);
  const keys = dearmor(await readFile(join(top, 'trunkline.asc'), 'utf8'));
  await writeFile(ring, Buffer.concat(keys.map(({ content }) => content)));
  await run(['gpgv', '--keyring', ring, ...signed]);
  await checkRepository(deployment, target);
}

sampled(
  `kill -9 at ${String(ROUNDS)} random moments of ref set and ref undo (seed ${String(SEED)}): no client sees a torn repository`,
  async () => {
    const deployment = await world();
    const { json, cli, snapshots } = deployment;
    const query = sqliteQuery(deployment.dataDir);
    const random = randomNumbers(SEED);
    const moves = async () => ((await query('SELECT count(*) AS n FROM ref_moves')) as { n: number }[])[0]?.n;
    let whole = 10_000;
    let killed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const target = round % 2 === 0 ? DEB : RPM;
      const hashes = snapshots[target] ?? [];
      const there = await refOf(deployment, target, 'tested');
      const other = hashes.find((hash) => hash !== there) ?? '';
      const order = random() < 0.5 ? ['undo', `${target}/tested`] : ['set', `${target}/tested`, other];
      const before = await moves();
      const began = performance.now();
      const moving = deployment.start('ref', ...order, ...REASON);
      let over = false;
      const isOver = () => over;
      const ended = moving.done.then(({ code }) => {
        over = true;
        if (code !== null) whole = Math.min(whole, performance.now() - began);
      });
      // At any moment; or between what the database says and what clients see, which is short.
      if (round % 4 < 2) await Promise.race([ended, pause(random() * whole)]);
      else {
        while (!isOver() && (await moves()) === before) await pause(1);
        await pause(random() * 15);
      }
      moving.kill('SIGKILL');
      if ((await moving.done).code === null) killed += 1;
      await checkReadable(deployment, target, hashes);
      await until('the end of every process of the killed command', async () => {
        return (await findLeftovers([moving.pid], deployment.dataDir)).processes.length === 0;
      });
      // The next command that writes finishes it: what the database says is what clients see.
      await json(['ref', 'set', `${target}/after`, 'current', ...REASON]);
      const [ref] = await query(
        `SELECT snapshot_hash AS hash FROM refs WHERE target = '${target}' AND name = 'tested'`,
      );
      expect(ref).toEqual({ hash: await refOf(deployment, target, 'tested') });
      const verified = await cli('repo', 'verify', `${target}/tested`);
      expect(verified.code, verified.stdout).toBe(0);
    }
    expect(killed).toBeGreaterThanOrEqual(ROUNDS / 4);
  },
  LONG ? 3_600_000 : 300_000,
);
