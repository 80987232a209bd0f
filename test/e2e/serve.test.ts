import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createClient } from '../../src/api/index.ts';
import { deploySamples, only, until } from './fixture.ts';
import { serveAll } from './servers.ts';

const QUICK = { server: { poll_interval: '1s' }, log_level: 'info' };

test('a server finds commits, builds them, goes on after a kill, and what was running then is built once', async () => {
  const { config, samples, json } = await deploySamples(['alpha', 'beta'], { settings: QUICK });
  const [alpha] = samples;
  const { url, command } = await serveAll(config);
  const client = createClient({ url });
  const finished = async () =>
    (await client.get('listBuilds', { limit: 100 })).items.filter((one) => one.state === 'finished');
  await until('the heads to be built', async () => (await finished()).length === 2, 90_000);
  const pushed = await alpha?.push('two', 'sleep 4');
  await until('the build to begin', async () =>
    (await client.get('listBuilds', { limit: 100 })).items.some((one) => one.state === 'running'),
  );
  command.killGroup('SIGKILL');
  await command.done;
  const again = await serveAll(config);
  const other = createClient({ url: again.url });
  const build = await until(
    'the build to end',
    async () =>
      (await other.get('listBuilds', { limit: 100 })).items.find(
        (one) => one.state === 'finished' && one.upstream.hash === pushed,
      ),
    60_000,
  );
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
});

test('a project that cannot be reached holds up no other, and is taken up when it can be again', async () => {
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
