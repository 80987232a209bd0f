import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { DEB, deploySamples, only, RPM } from './fixture.ts';
import { rpmPackaging } from './samples.ts';
import type { BuildView, PlaceView, RunView } from './views.ts';
import { sampled } from '../sampled.ts';

sampled(
  'the first run builds the head only, later ones every commit, and a packaging commit the newest again',
  async () => {
    const { json, cli, samples } = await deploySamples(['alpha']);
    const alpha = only(samples);
    const second = await alpha.push('two');
    const first = await json<RunView>(['run']);
    expect(first.builds.map(({ commit, result, attempt }) => ({ commit, result, attempt }))).toEqual([
      { commit: second, result: 'success', attempt: 1 },
    ]);
    const later = [await alpha.push('three'), await alpha.push('four'), await alpha.push('five')];
    const next = await json<RunView>(['run']);
    expect(next.builds.map(({ commit }) => commit).sort()).toEqual([...later].sort());
    const packaging = await alpha.packaging.commit({
      message: 'Describe it',
      files: rpmPackaging('alpha', { more: '# again' }),
    });
    const rebuilt = await json<RunView>(['run']);
    expect(rebuilt.builds.map(({ commit, result }) => ({ commit, result }))).toEqual([
      { commit: later[2], result: 'success' },
    ]);
    const builds = await json<BuildView[]>(['builds']);
    expect(builds.map(({ upstream }) => upstream.hash)).toEqual([later[2], ...later.toReversed(), second]);
    expect(builds[0]?.distgit.hash).toBe(packaging);
    expect(new Set(builds.map(({ distgit }) => distgit.hash)).size).toBe(2);
    const idle = await cli('run');
    expect(idle).toMatchObject({ code: 0, stdout: 'Nothing new.\n' });
  },
);

sampled('a broken commit fails with its own words, a later one recovers; exit codes say which', async () => {
  const { json, cli, samples } = await deploySamples(['alpha']);
  const alpha = only(samples);
  expect((await cli('run')).code).toBe(0);
  const broken = await alpha.push('two', 'echo "the tower fell" >&2; exit 3');
  const failed = await cli('run');
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(
    new RegExp(`^FAILED +alpha ${broken.slice(0, 10)} for ${RPM} \\(build 2\\), .*: build_failed: `, 'm'),
  );
  expect(failed.stdout).toBe('0 succeeded, 1 failed\n');
  expect((await cli('log', '2')).stdout).toContain('the tower fell');
  await alpha.push('three', 'exit 4');
  expect((await json<RunView>(['run'], 1)).builds).toMatchObject([
    { id: 3, result: 'failure', reason: 'build_failed' },
  ]);
  const mended = await alpha.push('four');
  expect((await json<RunView>(['run'])).builds).toMatchObject([{ commit: mended, result: 'success', reason: null }]);
  const places = await json<PlaceView[]>(['where', mended]);
  expect(places).toMatchObject([{ refs: ['consistent', 'current'] }]);
});

sampled(
  'what the machine is to blame for waits for a retry with exit code 2, and a recheck has it tried at once',
  async () => {
    const { json, cli, samples, dataDir, configure } = await deploySamples(['alpha']);
    const root = join(dataDir, 'roots', RPM);
    await rename(root, `${dataDir}/away`);
    const waiting = await json<RunView>(['run'], 2);
    expect(waiting.builds).toMatchObject([{ result: 'failure', reason: 'infra_error' }]);
    expect(waiting.builds[0]?.detail).toContain(`trunkline target prepare ${RPM}`);
    const pause = Date.parse(waiting.builds[0]?.retryAt ?? '') - Date.now();
    expect(pause).toBeGreaterThan(30_000);
    expect(pause).toBeLessThanOrEqual(60_000);
    const still = await json<RunView>(['run'], 2);
    expect(still).toMatchObject({ builds: [], queue: { waiting: 1 } });
    await rename(`${dataDir}/away`, root);
    expect(await json(['recheck', 'alpha'])).toMatchObject([{ buildId: 1, made: false }]);
    expect((await json<RunView>(['run'])).builds).toMatchObject([{ id: 1, attempt: 2, result: 'success' }]);
    // Without retries it is the build's result.
    const alpha = only(samples);
    await configure({ projects: { alpha: alpha.entry }, settings: { max_retries: 0 } });
    await rename(root, `${dataDir}/away`);
    await alpha.push('two');
    expect((await json<RunView>(['run'], 1)).builds).toMatchObject([{ reason: 'infra_error', retryAt: null }]);
    await rename(`${dataDir}/away`, root);
    expect(await json(['recheck', 'alpha'])).toMatchObject([{ buildId: 2, made: true }]);
    expect((await cli('run')).code).toBe(0);
  },
);

sampled('a repository that does not answer holds up only its own project', async () => {
  const { json, cli, samples, configure, directory } = await deploySamples(['alpha', 'beta', 'gamma']);
  const [alpha, beta, gamma] = samples;
  const gone = join(directory, 'git/never-was');
  const projects = {
    alpha: { ...alpha?.entry, upstream: gone },
    beta: { ...beta?.entry, packaging: { rpm: gone } },
    gamma: gamma?.entry ?? {},
  };
  await configure({ projects });
  const run = await json<RunView>(['run'], 1);
  expect(run.builds).toMatchObject([{ project: 'gamma', result: 'success' }]);
  expect(run.unreachable.map(({ project }) => project).sort()).toEqual(['alpha', 'beta']);
  for (const { message } of run.unreachable) expect(message).toContain(gone);
  const people = await cli('run');
  expect(people).toMatchObject({ code: 1, stdout: '0 succeeded, 0 failed, 2 projects could not be read\n' });
  expect(people.stderr).toMatch(/^alpha: .*never-was/m);
  await configure({ projects: { ...projects, alpha: alpha?.entry ?? {}, beta: beta?.entry ?? {} } });
  const mended = await json<RunView>(['run']);
  expect(mended.builds.map(({ project, result }) => `${project} ${result}`).sort()).toEqual([
    'alpha success',
    'beta success',
  ]);
});

sampled('--project and --target build what they name, and leave the rest to a later run', async () => {
  const { json, cli } = await deploySamples(['alpha', 'beta'], { formats: 'both' });
  const built = ({ builds }: RunView) => builds.map((one) => `${one.project} ${one.target} ${one.result}`).sort();
  expect(built(await json(['run', '--project', 'alpha', '--target', RPM]))).toEqual([`alpha ${RPM} success`]);
  expect(built(await json(['run', '--target', RPM]))).toEqual([`beta ${RPM} success`]);
  expect(built(await json(['run', '--project', 'beta']))).toEqual([`beta ${DEB} success`]);
  expect(built(await json(['run', '--project', 'alpha', 'beta']))).toEqual([`alpha ${DEB} success`]);
  const unknown = await cli('run', '--project', 'omega');
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('There is no project omega (the projects are: alpha, beta)');
  const target = await cli('run', '--target', 'omega-1-x86_64');
  expect(target.code).toBe(1);
  expect(target.stderr).toContain('There is no target omega-1-x86_64');
});
