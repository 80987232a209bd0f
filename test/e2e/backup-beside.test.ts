import { chmod, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { smallDisk } from './disk.ts';
import { deploySamples, only, RPM, start, until, type Deployment } from './fixture.ts';
import { checkRepository } from './integrity.ts';
import { giveRoots } from './prepared-roots.ts';
import { serveAll } from './servers.ts';
import type { BuildView } from './views.ts';
import { sampled } from '../sampled.ts';

/** Milliseconds after which a command is killed. */
const MOMENTS = process.env.TRUNKLINE_TEST_LONG === '1' ? [300, 500, 700, 900, 1100, 1500, 2000] : [700];

/** Where a backup is restored to. */
async function elsewhere(from: Deployment, backup: string): Promise<{ config: string; dataDir: string }> {
  const directory = await mkdtemp(join(from.directory, 'elsewhere-'));
  await chmod(directory, 0o755);
  const [config, dataDir] = [join(directory, 'trunkline.yaml'), join(directory, 'data')];
  await mkdir(dataDir);
  await giveRoots(dataDir, from.base);
  const entries = parse(await readFile(join(backup, 'trunkline.yaml'), 'utf8')) as object;
  await writeFile(config, stringify({ ...entries, data_dir: dataDir }));
  return { config, dataDir };
}

/** Runs a command and kills it after so many milliseconds; whether it was still running. */
async function killed(args: readonly string[], after: number): Promise<boolean> {
  const running = start(args);
  const ended = await Promise.race([running.done.then(() => true), pause(after, false)]);
  if (!ended) running.killGroup('SIGKILL');
  await running.done;
  return !ended;
}

sampled(
  'a backup beside a server that builds, to another file system, and kills of it and of its restore, lose nothing',
  async () => {
    const settings = { server: { poll_interval: '1s' } };
    const deployment = await deploySamples(['alpha'], { settings });
    const { config, json, samples } = deployment;
    const alpha = only(samples);
    await json(['run']);
    const { command } = await serveAll(config);
    const pushed = await alpha.push('two', 'sleep 5');
    await until('the build to run', async () => (await json<BuildView[]>(['builds', '--state', 'running'])).length > 0);
    const disk = await smallDisk(96);
    const backup = join(disk, 'backup');
    for (const after of MOMENTS) await killed(['--config', config, 'backup', backup], after);
    // One that was killed left no backup of that name, unless it was done by then.
    const early = (await readdir(disk)).includes('backup');
    if (!early) await json(['backup', backup]);
    expect(await readdir(backup)).toContain('backup.json');
    const build = await until(
      'the build to end',
      async () =>
        (await json<BuildView[]>(['builds', '--state', 'finished'])).find(({ upstream }) => upstream.hash === pushed),
      120_000,
    );
    expect(build.result).toBe('success');
    command.kill('SIGTERM');
    await command.done;

    const other = await elsewhere(deployment, backup);
    for (const after of MOMENTS) if (!(await killed(['--config', other.config, 'restore', backup], after))) break;
    const again = await start(['--config', other.config, 'restore', backup]).done;
    // The last kill may have come when all was done.
    if (again.code !== 0) expect(again.stderr).toContain('The data directory is not empty');
    const there = async <T>(args: readonly string[]) => {
      const said = await start(['--config', other.config, '--json', ...args]).done;
      expect(said.code, said.stderr + said.stdout).toBe(0);
      return JSON.parse(said.stdout) as T;
    };
    // What was being built when it was taken is built there. A restore that was killed at its very end has left the files of refs to the first start.
    await there(['run']);
    expect(await there(['repo', 'verify', RPM])).toMatchObject({ findings: [] });
    const all = await there<BuildView[]>(['builds']);
    expect(all.map(({ result, upstream }) => [result, upstream.hash === pushed])).toEqual([
      ['success', true],
      ['success', false],
    ]);
    await checkRepository(other, RPM);
    await checkRepository(deployment, RPM);
  },
);
