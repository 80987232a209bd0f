import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/lib/index.ts';
import { fill, smallDisk } from './disk.ts';
import { addSample, deploy, deploySamples, only, RPM } from './fixture.ts';
import { checkRepository } from './integrity.ts';
import { contentsOf } from './published.ts';
import type { BuildView, RunView } from './views.ts';
import { sampled } from '../sampled.ts';

sampled('a typo in the configuration is told with its line and what was meant, by every command', async () => {
  const { cli, config, json } = await deploySamples(['alpha']);
  expect((await cli('config', 'check')).code).toBe(0);
  await appendFile(config, 'max_retrys: 3\n');
  const line = (await readFile(config, 'utf8')).trim().split('\n').length;
  for (const command of [['config', 'check'], ['run'], ['status']]) {
    const { code, stdout, stderr } = await cli(...command);
    expect({ code, output: stdout + stderr }).toEqual({
      code: 1,
      output: expect.stringMatching(new RegExp(`${config}:${line}:1: .*max_retrys.*max_retries`)) as unknown,
    });
  }
  await expect(json(['builds'])).rejects.toThrow(`${config}:${line}`);
});

sampled('on a full disk a run says so and ends; with space again it goes on, and nothing was lost', async () => {
  const disk = await smallDisk(64);
  const deployment = await deploy({ dataDir: join(disk, 'data') });
  const alpha = await addSample(deployment, 'alpha');
  const projects = { alpha: alpha.entry };
  await deployment.configure({ projects });
  await deployment.json(['run']);
  const commits: string[] = [];
  // From nothing at all to enough for a part of the work.
  for (const left of [0, 16_384, 65_536, 131_072, 262_144, 393_216, 700_000]) {
    commits.push(await alpha.push(`with ${left} left`, 'head -c 20000 /dev/urandom | od -x >>content'));
    const filling = await fill(disk, left);
    const { code, stdout, stderr } = await deployment.cli('run');
    if (code !== 0) {
      expect(code).toBe(1);
      expect(stderr + stdout).toMatch(/[Nn]o space left.*free space|disk is full/);
    }
    // What is published is whole at any time.
    await checkRepository(deployment, RPM);
    await rm(filling);
  }
  const after = await deployment.cli('run', '--json');
  // A build that ended for want of space waits for its retry; a recheck has it tried now.
  for (const { id } of await deployment.json<BuildView[]>(['builds', '--state', 'pending']))
    await deployment.cli('recheck', String(id));
  if (after.code !== 0) await deployment.json(['run']);
  const builds = await deployment.json<BuildView[]>(['builds', '--limit', '100']);
  expect(builds.map(({ upstream, result }) => [upstream.hash, result])).toEqual([
    ...commits.toReversed().map((hash) => [hash, 'success']),
    [expect.any(String), 'success'],
  ]);
  await checkRepository(deployment, RPM);
  expect((await contentsOf(deployment, RPM)).map(({ sequence }) => sequence)).toEqual([8, 8]);
});

/** `directory` mounted over itself, read-only: root heeds no modes. */
async function readOnly(directory: string): Promise<() => Promise<void>> {
  await run(['mount', '--bind', directory, directory]);
  await run(['mount', '-o', 'remount,bind,ro', directory]);
  let mounted = true;
  const unmount = async () => {
    if (mounted) await run(['umount', '-l', directory]);
    mounted = false;
  };
  onTestFinished(unmount);
  return unmount;
}

async function tree(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true });
  return Promise.all(entries.sort().map(async (name) => `${name} ${(await stat(join(directory, name))).mtimeMs}`));
}

sampled('a read-only data directory is refused by name, and nothing in it is changed', async () => {
  const deployment = await deploySamples(['alpha']);
  const { cli, json, dataDir, samples } = deployment;
  await json(['run']);
  await only(samples).push('two');
  const before = await tree(join(dataDir, 'repos'));
  const unmount = await readOnly(dataDir);
  for (const command of [['run'], ['recheck', 'alpha', '--force'], ['target', 'prepare', RPM, '--refresh']]) {
    const { code, stderr } = await cli(...command);
    expect(code).toBe(1);
    expect(stderr).toContain(dataDir);
    expect(stderr).toMatch(/make the directory writable for the user that runs trunkline, or choose another data_dir/);
  }
  await unmount();
  expect(await tree(join(dataDir, 'repos'))).toEqual(before);
  expect((await json<RunView>(['run'])).builds).toMatchObject([{ result: 'success' }]);
});

test('a data directory that cannot be made is refused before anything else', async () => {
  const deployment = await deploySamples(['alpha']);
  const { directory, samples, cli, configure } = deployment;
  const file = join(directory, 'file');
  await writeFile(file, '');
  await mkdir(join(directory, 'ro'));
  await readOnly(join(directory, 'ro'));
  for (const dataDir of [join(file, 'data'), file, join(directory, 'ro/data')]) {
    await configure({ projects: { alpha: only(samples).entry }, settings: { data_dir: dataDir } });
    const { code, stderr } = await cli('run');
    expect(code).toBe(1);
    expect(stderr).toContain('data_dir');
  }
});
