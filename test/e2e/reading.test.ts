import { expect } from 'vitest';
import { aNumber, having, including, matching } from './expectations.ts';
import { deploySamples, only, RPM, runningBuilds, until } from './fixture.ts';
import type { BuildView, RunView } from './views.ts';
import { sampled } from '../sampled.ts';

const HASH = /^[0-9a-f]{40}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

sampled('status, builds, build show, log and where tell a program and a person what happened', async () => {
  const { json, cli, samples, base } = await deploySamples(['alpha', 'beta']);
  const alpha = only(samples.slice(0, 1));
  await json(['run', '--project', 'alpha']);
  const broken = await alpha.push('two', 'echo the tower fell; exit 3', { author: 'Grace <grace@upstream.example>' });
  await json(['run', '--project', 'alpha'], 1);

  const status = await json<unknown[]>(['status']);
  expect(status).toEqual([
    {
      project: 'alpha',
      target: RPM,
      newest: having({ buildId: 2, state: 'finished', result: 'failure', reason: 'build_failed' }),
      firstFailure: having({
        buildId: 2,
        reason: 'build_failed',
        finishedAt: matching(TIME),
        commit: having({ hash: broken, authorName: 'Grace', authorEmail: 'grace@upstream.example' }),
      }),
      lastSuccess: having({ buildId: 1, snapshot: matching(DIGEST) }),
      daysSinceLastSuccess: 0,
      pending: 0,
      running: 0,
      pin: null,
    },
    { project: 'beta', target: RPM, newest: null, pin: null },
  ]);
  const people = (await cli('status')).stdout;
  expect(people).toMatch(/^PROJECT +TARGET +STATE +FIRST FAILURE +DAYS SINCE SUCCESS +WAITING +PINNED$/m);
  expect(people).toMatch(new RegExp(`^alpha +${RPM} +failure: build_failed +${broken.slice(0, 10)} Say two +0`, 'm'));
  expect(people).toMatch(/^beta .* never built/m);
  expect(await json<unknown[]>(['status', '--project', 'beta'])).toHaveLength(1);

  const builds = await json<BuildView[]>(['builds']);
  expect(builds).toEqual([
    having({ id: 2, project: 'alpha', target: RPM, sequence: 2, result: 'failure', snapshot: null }),
    having({ id: 1, result: 'success', reason: null, snapshot: matching(DIGEST) }),
  ]);
  expect((await json<BuildView[]>(['builds', '--before', '2'])).map(({ id }) => id)).toEqual([1]);
  expect((await json<BuildView[]>(['builds', '--limit', '1'])).map(({ id }) => id)).toEqual([2]);
  expect((await json<BuildView[]>(['builds', '--result', 'success'])).map(({ id }) => id)).toEqual([1]);
  expect((await cli('builds')).stdout).toMatch(/^ *2 +alpha .* failure: build_failed .* Say two +the tower fell$/m);

  const shown = await json(['build', 'show', '1']);
  expect(shown).toMatchObject({
    id: 1,
    upstream: { hash: matching(HASH), subject: 'Begin alpha' },
    distgit: { hash: matching(HASH), subject: 'Package alpha' },
    attempts: [
      {
        number: 1,
        kind: 'initial',
        result: 'success',
        inputs: {
          target: RPM,
          snapshot: null,
          builder: 'sandbox',
          baseRepositories: [{ id: 'base', address: `file://${base.rpm}` }],
          version: { version: matching(/^1\.0\^\d{14}\.git[0-9a-f]{7}$/), release: matching(/^1\.?/) },
          buildroot: including(matching(/^bash-.*\.x86_64$/)),
          installed: including(matching(/^alpha-1\.0\^.*\.noarch$/)),
        },
        timings: { resolve: aNumber, build: aNumber, total: aNumber },
      },
    ],
    packages: [
      {
        name: 'alpha',
        kind: 'binary',
        arch: 'noarch',
        sha256: matching(DIGEST),
        size: aNumber,
      },
      { name: 'alpha', kind: 'source', arch: 'src', sha256: matching(DIGEST), size: aNumber },
    ],
  });
  const page = (await cli('build', 'show', '2')).stdout;
  expect(page).toContain(`build 2: alpha for ${RPM}`);
  expect(page).toContain('state     finished failure build_failed');
  expect(page).toContain(`upstream  ${broken} Say two (Grace)`);

  const log = (await cli('log', '2')).stdout;
  expect(log).toMatch(/^the tower fell$/m);
  expect(log).toMatch(/^trunkline .*: alpha for .*\ntrunkline: upstream .*\ntrunkline: version 1\.0\S*-\S+\n\n/);
  expect(await json(['log', '2'])).toEqual({ build: 2, file: 'build.log', text: log });
  expect((await cli('log', '1', '--file', 'install.log')).stdout).toContain('alpha');

  const where = await cli('where', broken.slice(0, 8));
  expect(where).toMatchObject({ code: 0 });
  expect(where.stdout).toMatch(new RegExp(`^ *2 +alpha +${RPM} +failure: build_failed .*repos/${RPM}/`, 'm'));
});

sampled('what is asked of builds, logs and commits that are not there is refused in one line', async () => {
  const { cli, json } = await deploySamples(['alpha']);
  await json(['run']);
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await cli(...args);
    expect({ code, stdout, lines: stderr.trim().split('\n').length }).toEqual({ code: 1, stdout: '', lines: 1 });
    return stderr;
  };
  expect(await refused('build', 'show', '99')).toContain('99');
  expect(await refused('build', 'show', 'x')).toContain(
    '"x" is not the number of a build (trunkline builds lists them)',
  );
  expect(await refused('log', '99')).toContain('99');
  expect(await refused('log', '1', '--file', '../../../trunkline.sqlite')).toContain('is not the name of a log');
  expect(await refused('log', '1', '--file', 'nothing.log')).toContain('nothing.log');
  expect(await refused('recheck', 'omega')).toContain('There is no project omega');
  const nowhere = await cli('where', 'ffffffff');
  expect(nowhere).toMatchObject({ code: 1, stderr: 'No build is made of a commit that begins with ffffffff\n' });
  const coded = await cli('build', 'show', '99', '--json');
  expect(JSON.parse(coded.stderr)).toMatchObject({ error: { code: 'not_found' } });
});

sampled(
  'while a run goes on, every reading command works, log -f follows, and a second writer is told who holds the lock',
  async () => {
    const deployment = await deploySamples(['alpha', 'beta']);
    const { json, cli, samples, start } = deployment;
    const [alpha] = samples;
    await json(['run']);
    const slow = await alpha?.push(
      'two',
      'for n in 1 2 3 4 5 6 7 8 9 10; do echo tick $n; sleep 1; done; echo done ticking',
    );
    const running = start('run', '--json');
    const [build] = await until('a running build', async () => {
      const found = await runningBuilds(deployment);
      return found.length === 1 && found;
    });
    const id = String(build?.id);
    const following = start('log', id, '-f');
    await until('the first line of the log', () => following.output.stdout.includes('tick 2'));
    expect(following.output.stdout).not.toContain('done ticking');
    const [status, listed, shown, part, where, second, recheck] = await Promise.all([
      json<{ project: string; running: number }[]>(['status']),
      json<BuildView[]>(['builds', '--project', 'alpha']),
      json<{ state: string }>(['build', 'show', id]),
      cli('log', id),
      json<BuildView[]>(['where', slow ?? '']),
      cli('run'),
      cli('recheck', 'beta', '--force'),
    ]);
    expect(running.output.stdout).toBe('');
    expect(status).toMatchObject([
      { project: 'alpha', running: 1 },
      { project: 'beta', running: 0 },
    ]);
    expect(listed).toMatchObject([{ state: 'running' }, { state: 'finished' }]);
    expect(shown).toMatchObject({ state: 'running', attempts: [{ state: 'running' }] });
    expect(part.stdout).toContain('tick 1');
    expect(where).toMatchObject([{ state: 'running' }]);
    for (const refused of [second, recheck]) {
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(
        new RegExp(
          `in use by "trunkline .* run --json" \\(process ${running.pid} on .*\\).*end it: kill ${running.pid}`,
        ),
      );
    }
    const { code, stdout } = await running.done;
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as RunView).builds).toMatchObject([{ id: build?.id, result: 'success' }]);
    const followed = await following.done;
    expect(followed.code).toBe(0);
    expect(followed.stdout).toContain('done ticking');
    expect(followed.stdout).toBe((await cli('log', id)).stdout);
  },
);

sampled('an interrupted run ends soon and leaves its build to the next one', async () => {
  const deployment = await deploySamples(['alpha']);
  const { json, samples, start } = deployment;
  // Both builds would go on until then.
  const goesOn = Math.ceil(Date.now() / 1000) + 30;
  const commit = await only(samples).push('two', `while [ $(date +%s) -lt ${String(goesOn)} ]; do sleep 0.2; done`);
  const running = start('run');
  await until('a running build', async () => (await runningBuilds(deployment)).length === 1);
  running.kill('SIGINT');
  const { code } = await running.done;
  expect(Date.now()).toBeLessThan(goesOn * 1000);
  expect(code).toBe(130);
  expect(await json<BuildView[]>(['builds'])).toMatchObject([{ id: 1, result: null }]);
  expect((await json<RunView>(['run'])).builds).toMatchObject([{ id: 1, commit, result: 'success' }]);
});
