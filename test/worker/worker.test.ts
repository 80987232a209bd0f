import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listAttempts, listPackages, requireBuildWithRevision } from '../../src/db/index.ts';
import { addSample } from '../e2e/fixture.ts';
import { upstream } from '../e2e/samples.ts';
import { alphaAndBeta, openWorkshop } from './deployment.ts';

test('two workers build for a server, one against what the other built', async () => {
  const shop = await openWorkshop(alphaAndBeta);
  const { url } = await shop.serve();
  const one = await shop.worker('one', url);
  await shop.discover('alpha');
  expect(await shop.finished(1), one.command.output.stdout + one.command.output.stderr).toMatchObject({
    result: 'success',
    project: 'alpha',
  });
  one.command.kill('SIGTERM');
  // As every command that a signal ended.
  expect((await one.command.done).code).toBe(143);
  const two = await shop.worker('two', url);
  await shop.discover('beta');
  expect(await shop.finished(2), two.command.output.stdout).toMatchObject({ result: 'success', project: 'beta' });
  const [attempt] = await listAttempts(shop.db, 2);
  expect(attempt).toMatchObject({ worker: 'worker/two/two', result: 'success' });
  expect(attempt?.inputs?.buildroot.some((name) => name.startsWith('alpha-'))).toBe(true);
  expect(attempt?.inputs?.installed.some((name) => name.startsWith('alpha-'))).toBe(true);
  expect((await listPackages(shop.db, [2])).map(({ name }) => name)).toContain('beta');
  const logs = join(shop.deployment.dataDir, 'logs/2/1');
  expect(await readFile(join(logs, 'worker.log'), 'utf8')).toMatch(/^\S+Z build 2 of beta for \S+, made by /);
  expect(await readFile(join(logs, 'build.log'), 'utf8')).toContain('build.sh');
  expect(await readFile(join(logs, 'install.log'), 'utf8')).toContain('beta');
});

test('the project is asked for its version on the worker; RPM and deb, in one worker', async () => {
  const shop = await openWorkshop(async (deployment) => {
    const sample = await addSample(deployment, 'gamma', {
      formats: 'both',
      first: { ...upstream('one'), VERSION: 'its version:\n7.5\n' },
    });
    return [{ ...sample, entry: { ...sample.entry, version: { from: 'script', script: ['cat', 'VERSION'] } } }];
  });
  const { url } = await shop.serve();
  const one = await shop.worker('one', url);
  await shop.discover('gamma', 'rpm');
  await shop.discover('gamma', 'deb');
  for (const id of [1, 2])
    expect(await shop.finished(id), one.command.output.stdout).toMatchObject({ result: 'success', detail: null });
  const packages = await listPackages(shop.db, [1, 2]);
  expect(packages.map(({ fullName }) => fullName).sort()).toEqual([
    expect.stringMatching(/^gamma-7\.5~~before\^.*noarch$/),
    expect.stringMatching(/^gamma-7\.5~~before\^.*src$/),
    expect.stringMatching(/^gamma_7\.5~~before\+git.*_all$/),
    expect.stringMatching(/^gamma_7\.5~~before\+git.*_source$/),
  ]);
  expect((await requireBuildWithRevision(shop.db, 1)).revision.versionInputs).toMatchObject({ reported: '7.5' });
});
