import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeOnce } from '../../scripts/base-repositories/make-once.ts';
import { rpmVersion } from '../../scripts/base-repositories/rpm-spec.ts';
import { DEFAULT_DIRECTORY, ensureBaseRepositories } from '../../scripts/base-repositories.ts';
import { run } from '../../src/lib/index.ts';

describe('what is made once', () => {
  let top: string;
  beforeEach(async () => {
    top = await mkdtemp('/tmp/trunkline-once-');
  });
  afterEach(() => rm(top, { recursive: true, force: true }));
  const ignore = () => undefined;

  test('is made whole or not at all', async () => {
    const path = join(top, 'made');
    const failing = makeOnce(path, () => Promise.reject(new Error('half-way')), ignore);
    await expect(failing).rejects.toThrow('half-way');
    expect(await readdir(top)).toEqual([]);
    await makeOnce(path, (directory) => writeFile(join(directory, 'file'), 'first'), ignore);
    await makeOnce(path, (directory) => writeFile(join(directory, 'file'), 'second'), ignore);
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('first');
    expect(await readdir(top)).toEqual(['made']);
  });

  test('several callers make it once', async () => {
    let times = 0;
    const make = async (directory: string) => {
      times += 1;
      await pause(300);
      await writeFile(join(directory, 'file'), String(times));
    };
    const path = join(top, 'made');
    const first = makeOnce(path, make, ignore);
    await pause(100);
    const messages: string[] = [];
    await makeOnce(path, make, (message) => messages.push(message));
    await first;
    expect(times).toBe(1);
    expect(messages).toHaveLength(1);
  });

  test('what a killed process left is removed', async () => {
    const ended = await run(['/bin/sh', '-c', 'echo $$']);
    await mkdir(join(top, `.tmp-made-${ended.stdout.trim()}-abc`, 'made'), { recursive: true });
    await makeOnce(join(top, 'made'), () => Promise.resolve(), ignore);
    expect(await readdir(top)).toEqual(['made']);
  });
});

test('a Debian version in rpm’s three parts', () => {
  expect(rpmVersion('1:2.36-9+deb12u10')).toEqual({ epoch: '1', version: '2.36', release: '9+deb12u10' });
  expect(rpmVersion('12.4+deb12u15')).toEqual({ epoch: undefined, version: '12.4+deb12u15', release: '0' });
  expect(rpmVersion('5.2.15-2+b13')).toEqual({ epoch: undefined, version: '5.2.15', release: '2+b13' });
  expect(rpmVersion('1.0-rc1-3')).toEqual({ epoch: undefined, version: '1.0.rc1', release: '3' });
});

test('the base repositories hold what roots and builds ask for', async () => {
  const { rpm, deb } = await ensureBaseRepositories(DEFAULT_DIRECTORY, console.warn);
  const query = async (requirement: string) => {
    const home = await mkdtemp('/tmp/trunkline-query-');
    try {
      const options = ['--repofrompath', `base,file://${rpm}`, '--repo', 'base', '--noplugins', '--quiet'];
      const dirs = [`--setopt=cachedir=${home}`, `--setopt=logdir=${home}`, `--setopt=persistdir=${home}`];
      const command = [
        'dnf',
        ...options,
        ...dirs,
        'repoquery',
        '--qf',
        '%{name}',
        '--whatprovides',
        requirement,
      ] as const;
      return (await run(command, { env: { HOME: home } })).stdout.trim();
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  };
  expect(await query('/bin/sh')).toBe('dash');
  expect(await query('python3-devel')).toBe('python3-dev');
  expect(await query('libc.so.6(GLIBC_2.34)(64bit)')).toBe('libc6');
  expect(await query('python(abi) = 3.11')).toContain('python3');
  const packages = await readFile(join(deb, 'dists/bookworm/main/binary-amd64/Packages'), 'utf8');
  for (const name of ['apt', 'build-essential', 'debhelper', 'usrmerge', 'usr-is-merged'])
    expect(packages).toContain(`\nPackage: ${name}\n`);
}, 300_000);
