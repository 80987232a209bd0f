import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localClient } from '../server/serving.ts';
import { deploySamples, only, until } from './fixture.ts';
import { expectIdle, findLeftovers, NOTHING } from './host.ts';
import { serveAll } from './servers.ts';
import type { BuildView } from './views.ts';

/** Nobody else sleeps as long. */
const SECONDS = String(100_000 + process.pid);

/** Whether a process of the build is alive. */
async function sleeps(): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return commands.includes(`sleep\0${SECONDS}\0`);
}

test('a build that a server makes itself ends within five seconds of its cancel, and leaves nothing', async () => {
  const deployment = await deploySamples(['alpha'], {
    settings: { server: { poll_interval: '1s' }, log_level: 'info' },
  });
  const { config, json, samples, dataDir } = deployment;
  await only(samples).push('slow', `echo it-has-begun; sleep ${SECONDS} & sleep ${SECONDS}; wait`);
  const { url, command } = await serveAll(config, ['--jobs', '1']);
  const client = await localClient(url, dataDir);
  const log = () => readFile(join(dataDir, 'logs/1/1/build.log'), 'utf8').catch(() => '');
  await until('the build to have begun', async () => (await log()).includes('\nit-has-begun'), 120_000);
  expect(await sleeps()).toBe(true);
  const started = performance.now();
  expect(await client.post('cancelBuild', { build: 1 }, { reason: 'too slow' })).toMatchObject({ result: 'cancelled' });
  await until('the build to end', async () => !(await sleeps()));
  expect(performance.now() - started, command.output.stderr).toBeLessThan(5000);
  await until(
    'nothing to be left of it',
    () =>
      expectIdle(command.pid, dataDir).then(
        () => true,
        () => false,
      ),
    20_000,
  );
  await expectIdle(command.pid, dataDir);
  const [build] = await json<BuildView[]>(['builds']);
  expect(build).toMatchObject({ state: 'finished', result: 'cancelled' });
  expect(await json<object[]>(['audit', '--action', 'cancel'])).toMatchObject([
    { actor: 'tester', subject: 'build/1', reason: 'too slow' },
  ]);
  // The server goes on with what comes.
  const fine = await only(samples).push('quick');
  await until(
    'the next build',
    async () =>
      (await json<BuildView[]>(['builds'])).some((one) => one.result === 'success' && one.upstream.hash === fine),
    120_000,
  );
  command.kill('SIGTERM');
  await command.done;
  expect(await findLeftovers([command.pid], dataDir)).toEqual(NOTHING);
});
