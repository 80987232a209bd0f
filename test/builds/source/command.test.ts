import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reportVersion, runSourceCommand, type TreeJail } from '../../../src/builds/source/index.ts';
import { openMirror, type Mirror } from '../../../src/lib/git/index.ts';
import { openJail } from '../../../src/lib/jail/index.ts';
import { createFixture, temporaryDirectory, type Content, type Fixture } from '../../lib/git/fixture.ts';
import { sampled } from '../../sampled.ts';

let scope: Awaited<ReturnType<typeof temporaryDirectory>>;
let upstream: Fixture;
let mirror: Mirror;
let jail: TreeJail;

beforeEach(async () => {
  scope = await temporaryDirectory();
  upstream = await createFixture(join(scope.path, 'upstream'));
  mirror = await openMirror(join(scope.path, 'git'), upstream.path);
  const scratch = join(scope.path, 'scratch');
  await mkdir(scratch);
  const limits = { memory: 2 ** 28, processes: 60, disk: 2 ** 25, time: 30, output: 2 ** 16 };
  jail = { openJail, limits, scratch };
});
afterEach(() => scope[Symbol.asyncDispose]());

async function tree(files: Record<string, Content>) {
  const commit = await upstream.commit({ parent: null, files });
  await mirror.fetch();
  return { mirror, commit, topDirectory: 'a-1.0', limits: { bytes: 1e6 }, submoduleMirrors: null };
}

describe('a source command', () => {
  const output = () => join(scope.path, 'made.tar.gz');
  const make = async (script: string, files: Record<string, Content> = { file: 'text' }, limits = {}) => {
    const request = await tree(files);
    await runSourceCommand({
      tree: request,
      jail: { ...jail, limits: { ...jail.limits, ...limits } },
      command: ['/bin/sh', '-ec', script],
      output: output(),
      time: 1_700_000_000,
    });
  };
  const refused = async (script: string, message: RegExp, limits = {}) => {
    await expect(make(script, { file: 'text' }, limits)).rejects.toMatchObject({
      code: 'source_invalid',
      message: expect.stringMatching(message) as string,
    });
    expect(existsSync(output())).toBe(false);
    expect(await readdir(jail.scratch)).toEqual([]);
  };

  test('packs the tree, export-ignored files included, and gives the same bytes twice', async () => {
    const script = `cat kept >generated; mkdir ../x; mv "$PWD" ../x/own-name; cd ../x
      tar -cJf "$TRUNKLINE_OUT/any name.tar.xz" own-name`;
    const files = { '.gitattributes': 'kept export-ignore\n', kept: 'k', link: { link: '/etc/passwd' } };
    await make(script, files);
    const first = await readFile(output());
    const lines = execFileSync('tar', ['-tvzf', output(), '--full-time'], { encoding: 'utf8', env: { TZ: 'UTC' } });
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ')),
    ).toEqual([
      'drwxr-xr-x 0/0 0 2023-11-14 22:13:20 a-1.0/',
      '-rw-r--r-- 0/0 19 2023-11-14 22:13:20 a-1.0/.gitattributes',
      '-rw-r--r-- 0/0 1 2023-11-14 22:13:20 a-1.0/generated',
      '-rw-r--r-- 0/0 1 2023-11-14 22:13:20 a-1.0/kept',
      'lrwxr-xr-x 0/0 0 2023-11-14 22:13:20 a-1.0/link -> /etc/passwd',
    ]);
    await make(script, files);
    expect((await readFile(output())).equals(first)).toBe(true);
  });

  test('has no network, no secrets, and writes nowhere but in the jail', async () => {
    process.env.TRUNKLINE_TEST_SECRET = 'geheimnis';
    await make(`mkdir s; { id -u; env; ls /root /home ${scope.path} 2>&1; cat /proc/net/dev; touch ${scope.path}/x 2>&1; } >s/saw || :
      tar -czf "$TRUNKLINE_OUT/s.tgz" s`);
    const saw = execFileSync('tar', ['-xOzf', output(), 'a-1.0/saw'], { encoding: 'utf8' });
    expect(saw).toMatch(/^1000\n/);
    expect(saw).not.toContain('geheimnis');
    expect(saw).not.toMatch(/eth|ens|enp/);
    expect(existsSync(join(scope.path, 'x'))).toBe(false);
  });

  sampled('is refused when it leaves no, several or other things than one tarball with one directory', async () => {
    await refused('exit 3', /exit code 3/);
    await refused('echo what went wrong >&2; exit 1', /what went wrong/);
    await refused(':', /exactly one tarball/);
    await refused(
      'mkdir d; tar -czf $TRUNKLINE_OUT/1.tgz d; cp $TRUNKLINE_OUT/1.tgz $TRUNKLINE_OUT/.2.tgz',
      /exactly one/,
    );
    await refused('ln -s /etc/passwd $TRUNKLINE_OUT/x.tar.gz', /exactly one tarball/);
    await refused('mkdir $TRUNKLINE_OUT/x.tar.gz', /exactly one tarball/);
    await refused('mkdir a b; tar -czf $TRUNKLINE_OUT/1.tgz a b', /exactly one directory/);
    await refused('ln -s /etc top; tar -czf $TRUNKLINE_OUT/1.tgz top', /exactly one directory/);
    await refused('echo no archive >$TRUNKLINE_OUT/1.tgz', /cannot be unpacked/);
  });

  test('that takes over the output directories gets nothing out but its own tarball', async () => {
    await refused('mkdir d; tar -czf $TRUNKLINE_OUT/1.tgz d; ln -s /etc /work/product/c', /cannot be unpacked/);
    await refused('mkdir d; tar -czf $TRUNKLINE_OUT/1.tgz d; rmdir $TRUNKLINE_OUT; ln -s /etc $TRUNKLINE_OUT', /./);
  });

  test('that never ends, prints or writes without end is ended', async () => {
    await refused('sleep 1000', /longer than limits.time/, { time: 2 });
    await refused('yes', /more than limits.output/);
    await refused('cat /dev/zero >x', /No space left/);
    await refused('mkdir d; head -c 3000000 /dev/urandom >d/x; tar -cf $TRUNKLINE_OUT/1.tar d', /cannot be taken/);
  });
});

describe('the version a project reports', () => {
  const python = async (files: Record<string, Content>) =>
    reportVersion({ tree: await tree(files), jail, rule: { from: 'pep440', script: [] } });

  sampled('is read from pyproject.toml, setup.cfg or setup.py', async () => {
    expect(await python({ 'pyproject.toml': '[project]\nname = "a"\nversion = "1.2.3rc1"\n' })).toBe('1.2.3rc1');
    expect(await python({ 'pyproject.toml': '[tool.poetry]\nversion = "2.0"\n' })).toBe('2.0');
    expect(await python({ 'setup.cfg': '[metadata]\nname = a\nversion = 3.1.post2\n' })).toBe('3.1.post2');
    expect(
      await python({
        'setup.py': 'print("noise")\nfrom setuptools import setup\nsetup(name="a", version="4.5.dev1")\n',
      }),
    ).toBe('4.5.dev1');
    expect(
      await python({
        'pyproject.toml':
          '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n' +
          '[project]\nname = "a"\ndynamic = ["version"]\n[tool.setuptools.dynamic]\nversion = {attr = "a.__version__"}\n',
        'a/__init__.py': '__version__ = "5.6"\n',
      }),
    ).toBe('5.6');
  });

  test('is what a script prints last, whatever it is', async () => {
    const script = (text: string) => async () =>
      reportVersion({ tree: await tree({ v: { executable: text } }), jail, rule: { from: 'script', script: ['./v'] } });
    expect(await script('#!/bin/sh\necho building\necho "1.0; touch /tmp/x"\n')()).toBe('1.0; touch /tmp/x');
    await expect(script('#!/bin/sh\n')()).rejects.toMatchObject({ code: 'source_invalid' });
    await expect(script('#!/bin/sh\nprintf %01000d 1\n')()).rejects.toMatchObject({ code: 'source_invalid' });
    await expect(script('#!/bin/sh\necho broken >&2; exit 4\n')()).rejects.toMatchObject({
      message: expect.stringMatching(/exit code 4: broken/) as string,
    });
  });

  test('is refused with the reason when there is none, and setup.py runs in the jail', async () => {
    await expect(python({ file: 'no python' })).rejects.toMatchObject({
      code: 'source_invalid',
      message: expect.stringContaining('there is no pyproject.toml') as string,
    });
    await expect(python({ 'pyproject.toml': '[project]\nname = "a"\ndynamic = ["version"]\n' })).rejects.toMatchObject({
      code: 'source_invalid',
    });
    const mark = join(scope.path, 'ran');
    await expect(python({ 'setup.py': `open(${JSON.stringify(mark)}, "w")\n` })).rejects.toMatchObject({
      code: 'source_invalid',
    });
    expect(existsSync(mark)).toBe(false);
  });
});
