import { mkdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeFirstKey } from '../../src/app/index.ts';
import { buildDeb, controlOf } from '../drivers/formats/packages.ts';
import { DEB } from './fixture.ts';
import { aptClient } from './install.ts';
import { upload } from './intake.ts';
import { repositoryOf } from './published.ts';
import { deployServers, serveAll } from './servers.ts';

/** Seconds. */
const VALID = 8;

test('apt never finds a ref expired while servers run, which renew it once for all of them; where none does, it is found', async () => {
  const settings = { signing: {}, targets: { [DEB]: { valid_for: `${String(VALID)}s` } } };
  const deployment = await deployServers([], { count: 2, settings });
  const { directory, places, json, dataDir, database } = deployment;
  await makeFirstKey(dataDir);
  const there = join(directory, 'debs');
  await mkdir(there);
  await upload(deployment, DEB, [await buildDeb(there, controlOf('tool', '1'), { file: 'tool_1_all.deb' })]);
  const top = repositoryOf(deployment, DEB);
  const serial = async () => Number(basename(await readlink(join(top, 'current'))));
  const servers = [];
  for (const { config } of places) servers.push(await serveAll(config, ['--jobs', '0', '--no-poll']));
  const apt = await aptClient(join(directory, 'apt'), top, `trunkline-${DEB}`);
  const before = await serial();
  const began = performance.now();
  while (performance.now() - began < 1.5 * VALID * 1000) {
    await apt.install('tool');
    await pause(500);
  }
  const seconds = (performance.now() - began) / 1000;
  const renewed = (await serial()) - before;
  expect(renewed).toBeGreaterThanOrEqual(1);
  expect(renewed).toBeLessThanOrEqual(seconds / (VALID / 2) + 1);

  for (const { command } of servers) command.kill('SIGTERM');
  await Promise.all(servers.map(({ command }) => command.done));
  await pause(VALID * 1000 + 1000);
  await expect(apt.install('tool')).rejects.toThrow(/Release file .* is expired/);
  const { findings } = await json<{ findings: { kind: string }[] }>(['repo', 'verify', DEB], 1);
  expect(findings).toMatchObject([{ kind: 'index_expired', where: 'current' }]);
  const ailments = async (code: number) => {
    const { checks } = await json<{ checks: { check: string; ailments: { what: string }[] }[] }>(['doctor'], code);
    return checks.find(({ check }) => check === 'refs')?.ailments.map(({ what }) => what);
  };
  expect(await ailments(1)).toEqual([
    expect.stringMatching(`apt refuses ${DEB}/consistent since`),
    expect.stringMatching(`apt refuses ${DEB}/current since`),
  ]);
  // The remedy that both name; and what is configured anew counts at once.
  const longer = { ...settings, database, targets: { [DEB]: { valid_for: '1h' } } };
  await deployment.configure({ settings: longer });
  await json(['run']);
  expect(await ailments(0)).toEqual([]);
  await apt.install('tool');
});
