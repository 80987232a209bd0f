import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { createClient } from '../../src/api/index.ts';
import { deploySamples, RPM, until } from './fixture.ts';
import { checkRepository } from './integrity.ts';
import { refOf } from './published.ts';
import { serveAll } from './servers.ts';
import { sampled } from '../sampled.ts';

interface GcView {
  targets: { removed: { snapshots: string[] } }[];
}

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
const MONTH = 30 * 86_400_000;
const NOW = ['gc', '--now', '--older-than', '1d', '--keep-last', '1'];

sampled('garbage is collected while builds are made, and takes nothing from them', async () => {
  const settings = { server: { poll_interval: '1s' }, gc: { grace: '1s' } };
  const deployment = await deploySamples(['alpha', 'beta'], { settings });
  const { config, json, samples, dataDir, cli } = deployment;
  await json(['run']);
  const first = (await refOf(deployment, RPM, 'current')) ?? '';
  await samples[0]?.push('old');
  await json(['run']);
  const database = new Database(join(dataDir, 'trunkline.sqlite'));
  database.exec(
    `UPDATE snapshots SET created_at = created_at - ${String(MONTH)}; UPDATE ref_moves SET moved_at = moved_at - ${String(MONTH)}`,
  );
  database.close();
  const { url } = await serveAll(config);
  const client = createClient({ url });
  const removed = new Set<string>();
  const pushed: string[] = [];
  for (const round of LONG ? ['two', 'three', 'four'] : ['two']) {
    for (const sample of samples) pushed.push(await sample.push(`${round} of ${sample.name}`));
    // While these are found, built, checked and published.
    const { targets } = await json<GcView>(NOW);
    for (const { snapshots } of targets.map((one) => one.removed)) for (const one of snapshots) removed.add(one);
  }
  await until(
    'all commits to be built',
    async () => {
      const { items } = await client.get('listBuilds', { limit: 100 });
      const done = items.filter(({ state, result }) => state === 'finished' && result === 'success');
      const heads = new Set(done.map(({ upstream }) => upstream.hash));
      return pushed.slice(-2).every((hash) => heads.has(hash)) && items.every(({ state }) => state === 'finished');
    },
    150_000,
  );
  await json(NOW);
  expect(removed.has(first)).toBe(true);
  // What keeps a snapshot is said by the rule that gc was asked with, the server's own reasons included.
  const [{ from: left = '' } = {}] = await json<{ from?: string }[]>(['ref', 'history', `${RPM}/current`]);
  const keepers = async (...rule: string[]) => {
    const [why] = await json<{ reasons: { keeper: string }[] }[]>(['why-kept', `${RPM}/${left}`, ...rule]);
    return why?.reasons.map(({ keeper }) => keeper);
  };
  expect(await keepers('--older-than', '1d', '--keep-last', '1')).toEqual(['retained', 'just left']);
  expect(await keepers('--older-than', '1s', '--keep-last', '1')).toEqual(['just left']);
  const { items } = await client.get('listBuilds', { limit: 100 });
  expect(items.filter(({ result }) => result === 'failure')).toEqual([]);
  expect(await json<unknown[]>(['audit', '--action', 'collect'])).not.toEqual([]);
  await checkRepository(deployment, RPM);
  const verified = await cli('repo', 'verify', RPM);
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
});
