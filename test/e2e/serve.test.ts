import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createClient } from '../../src/api/index.ts';
import { deploySamples, only, RPM, until } from './fixture.ts';
import { serveAll } from './servers.ts';
import { sampled } from '../sampled.ts';

const QUICK = { server: { poll_interval: '1s' }, log_level: 'info' };

/** The figures of a server, by their names with labels. */
async function figuresOf(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^trunkline_(\S+) (\S+)$/gm)].map(([, name = '', value]) => [
      name.replace(`target="${RPM}"`, ''),
      Number(value),
    ]),
  );
}

sampled(
  'a server finds commits, builds them, goes on after a kill, and what was running then is built once',
  async () => {
    const { config, samples, json } = await deploySamples(['alpha', 'beta'], { settings: { ...QUICK, jobs: 1 } });
    const [alpha, beta] = samples;
    const { url, command } = await serveAll(config);
    // Figures count from when they are asked for first.
    await figuresOf(url);
    const client = createClient({ url });
    const finished = async () =>
      (await client.get('listBuilds', { limit: 100 })).items.filter((one) => one.state === 'finished');
    await until('the heads to be built', async () => (await finished()).length === 2, 90_000);
    for (const sample of [alpha, beta]) await sample?.push('two', 'sleep 4');
    const begun = await until('one build to run, and the other to wait', async () => {
      const { items } = await client.get('listBuilds', { limit: 2 });
      return items.some(({ state }) => state === 'pending')
        ? items.find(({ state }) => state === 'running')
        : undefined;
    });
    const figures = await figuresOf(url);
    expect(figures.get('workers_busy')).toBe(1);
    expect(figures.get('queue_age_seconds')).toBeGreaterThan(0);
    // Of the two heads.
    expect(figures.get('commit_to_installable_seconds_count{}')).toBe(2);
    expect(figures.get('publish_seconds_count{}')).toBe(2);
    expect(figures.get('publish_seconds_sum{}')).toBeGreaterThan(0);
    command.killGroup('SIGKILL');
    await command.done;
    const again = await serveAll(config);
    await figuresOf(again.url);
    const other = createClient({ url: again.url });
    const build = await until(
      'the build to end',
      async () => {
        const now = await other.get('getBuild', { build: begun.id });
        return now.state === 'finished' ? now : undefined;
      },
      60_000,
    );
    // What a lost worker had tried again took its commit that long.
    const later = await until('the figures to be read again', async () => {
      const read = await figuresOf(again.url);
      return read.has('commit_to_installable_seconds_count{}') ? read : undefined;
    });
    const took = Date.now() / 1000 - begun.upstream.committerTime;
    expect(later.get('commit_to_installable_seconds_sum{}')).toBeLessThan(2 * took);
    expect(later.get('workers_busy')).toBeLessThanOrEqual(1);
    expect(build.result).toBe('success');
    const shown = await json<{ attempts: { result: string; detail: string | null }[] }>([
      'build',
      'show',
      String(build.id),
    ]);
    expect(shown.attempts.map(({ result }) => result)).toEqual(['failure', 'success']);
    expect(shown.attempts[0]?.detail).toContain('interrupted');
    again.command.kill('SIGTERM');
    expect((await again.command.done).code).toBe(143);
    expect(await json(['builds', '--state', 'running'])).toEqual([]);
  },
);

sampled('a project is looked at when somebody asks, and as often as the configuration says now', async () => {
  const rarely = { server: { poll_interval: '6h' } };
  const { config, samples, configure, json, cli } = await deploySamples(['alpha'], { settings: rarely });
  const alpha = only(samples);
  const serve = () => serveAll(config, ['--jobs', '0']);
  const builds = (count: number) =>
    until(`${String(count)} builds`, async () => (await json<unknown[]>(['builds'])).length === count);
  const first = await serve();
  await builds(1);
  await alpha.push('two');
  await json(['user', 'create', 'eve', '--no-password']);
  await json(['grant', 'add', 'eve', 'viewer']);
  const { token } = await json<{ token: string }>(['token', 'create', 'eve/x']);
  const eve = createClient({ url: first.url, token });
  await expect(eve.post('pollProject', { project: 'alpha' }, {})).rejects.toMatchObject({ code: 'forbidden' });
  expect(await json<unknown[]>(['builds'])).toHaveLength(1);
  expect((await cli('poll', 'beta')).stderr).toContain('beta');
  expect(await json(['poll', 'alpha', '--reason', 'it was pushed'])).toMatchObject({ project: 'alpha', error: null });
  await builds(2);
  const [act] = await json<object[]>(['audit', '--subject', 'project/alpha']);
  expect(act).toMatchObject({ action: 'poll_soon', reason: 'it was pushed' });
  first.command.kill('SIGTERM');
  await first.command.done;
  // Six hours are not waited out that nobody wants any more; nor what is asked for while no server runs.
  await alpha.push('three');
  await configure({ projects: { alpha: alpha.entry }, settings: QUICK });
  const second = await serve();
  await builds(3);
  second.command.kill('SIGTERM');
  await second.command.done;
  await alpha.push('four');
  await configure({ projects: { alpha: alpha.entry }, settings: rarely });
  expect(await json(['poll', 'alpha'])).toMatchObject({ project: 'alpha' });
  await serve();
  await builds(4);
});

sampled('a project that cannot be reached holds up no other, and is taken up when it can be again', async () => {
  const { config, samples, configure, json, directory } = await deploySamples(['alpha'], { settings: QUICK });
  const alpha = only(samples);
  const lost = { ...alpha.entry, upstream: join(directory, 'git', 'late') };
  await configure({ projects: { alpha: alpha.entry, late: lost }, settings: QUICK });
  const { command } = await serveAll(config);
  await until(
    'alpha to be built',
    async () => (await json<unknown[]>(['builds', '--state', 'finished'])).length === 1,
    90_000,
  );
  expect(command.output.stderr).toContain('cannot be looked at');
  await alpha.upstream.git('clone', '--quiet', '--bare', alpha.upstream.path, join(directory, 'git', 'late'));
  await until(
    'late to be built',
    async () => (await json<unknown[]>(['builds', '--state', 'finished'])).length === 2,
    90_000,
  );
  expect(existsSync(join(directory, 'data', 'scratch')) ? readdirSync(join(directory, 'data', 'scratch')) : []).toEqual(
    [],
  );
});
