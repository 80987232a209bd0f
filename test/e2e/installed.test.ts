import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createClient } from '../../src/api/index.ts';
import { installProgram } from '../installed.ts';
import { deploySamples, start, until } from './fixture.ts';
import { serveAll } from './servers.ts';

test('what npm installs is built from the sources and does what they do: a configuration, a server, its pages, a build', async () => {
  const { config, directory } = await deploySamples(['alpha'], { settings: { server: { poll_interval: '1s' } } });
  const program = await installProgram(join(directory, 'installed'));
  const run = (...args: string[]) => start(args, { program }).done;

  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(await run('--version')).toMatchObject({ code: 0, stdout: `${version}\n` });
  expect(await run('init', join(directory, 'new'), '--no-key')).toMatchObject({ code: 0 });
  const [first = ''] = (await readFile(join(directory, 'new/trunkline.yaml'), 'utf8')).split('\n');
  expect(existsSync(new URL(first.replace(/^.*\$schema=/, '')))).toBe(true);
  expect(await run('--config', config, 'config', 'check')).toMatchObject({ code: 0 });

  const { url, command } = await serveAll(config, [], {}, program);
  const client = createClient({ url });
  for (const page of ['/', '/summary', '/api/docs/', '/api/docs/static/swagger-ui.css', '/metrics', '/readyz'])
    expect((await fetch(url + page)).status, page).toBe(200);
  const build = await until(
    'the head to be built',
    async () => (await client.get('listBuilds', { limit: 9 })).items.find((one) => one.state === 'finished'),
    90_000,
  );
  expect(build.result).toBe('success');
  command.kill('SIGTERM');
  expect((await command.done).code).toBe(143);
});
