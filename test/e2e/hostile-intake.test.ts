import { copyFile, mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256File } from '../../src/lib/index.ts';
import { buildDeb, buildDsc, buildRpm, controlOf, debWithHugeControl } from '../drivers/formats/packages.ts';
import { DEB, deploy, deploySamples, RPM, type Deployment } from './fixture.ts';
import { aptClient, dnfClient } from './install.ts';
import { buildBomb, buildDebBomb, refusedUpload, upload, writeChanges, type ContentView } from './intake.ts';
import { repositoryOf } from './published.ts';
import { sampled } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';

/** Nothing of a refused upload is left or visible. */
async function expectNothing({ dataDir, cli }: Deployment, target: string): Promise<void> {
  expect(await readdir(join(dataDir, 'scratch')).catch(() => [])).toEqual([]);
  expect(await readdir(join(dataDir, 'repos', target, 'pool')).catch(() => [])).toEqual([]);
  const { stdout } = await cli('pkg', 'list', '--json');
  expect(stdout.trim()).toBe('[]');
}

sampled('a file is called what the package in it says it is, whatever else it is called', async () => {
  const deployment = await deploy();
  const { directory } = deployment;
  const [binary, source] = await buildRpm(directory, { name: 'b', version: '2', epoch: 3 });
  const called = async (name: string, from = binary) => {
    const path = join(directory, name);
    await copyFile(from, path);
    return path;
  };
  const lie = await refusedUpload(deployment, RPM, [await called('a-1-1.noarch.rpm')]);
  expect(lie).toMatchObject({ code: 'package_invalid', message: 'a-1-1.noarch.rpm says that it is b-3:2-1.noarch' });
  expect(lie.hint).toContain('call it b-2-1.noarch.rpm');
  for (const name of ['b-2-1.src.rpm', 'b-2:2-1.noarch.rpm', 'b-2%2-1.noarch.rpm', 'b-2-1.noarch.rpm.rpm'])
    expect((await refusedUpload(deployment, RPM, [await called(name)])).message).toContain('says that it is b-3:2-1');
  const odd = ['b 2-1.noarch.rpm', 'ß-2-1.noarch.rpm', 'b\n-2-1.noarch.rpm', '-b-2-1.noarch.rpm', '.b-2-1.noarch.rpm'];
  for (const name of odd)
    expect(await refusedUpload(deployment, RPM, [await called(name)])).toMatchObject({
      code: 'invalid_argument',
      message: `${JSON.stringify(name)} cannot be the name of a package file`,
    });
  await symlink('/dev/zero', join(directory, 'zero-1-1.noarch.rpm'));
  await mkdir(join(directory, 'dir-1-1.noarch.rpm'));
  for (const name of ['zero-1-1.noarch.rpm', 'dir-1-1.noarch.rpm'])
    expect((await refusedUpload(deployment, RPM, [join(directory, name)])).message).toContain('is not a file');
  expect(await refusedUpload(deployment, RPM, [join(directory, 'no-1-1.noarch.rpm')])).toMatchObject({
    code: 'not_found',
  });
  expect(await refusedUpload(deployment, RPM, [await called('x.txt')])).toMatchObject({ code: 'invalid_argument' });
  await expectNothing(deployment, RPM);
  // Tools that write the epoch or put addresses into names are understood.
  const names = ['b-3:2-1.noarch.rpm', '3:b-2-1.noarch.rpm', 'b-3%3A2-1.noarch.rpm', 'b-2-1.noarch.rpm'];
  for (const name of names) await upload(deployment, RPM, [await called(name), source]);
});

sampled('packages that are damaged, or lie about their size, are refused by name', async () => {
  const deployment = await deploy();
  const { directory } = deployment;
  const [cut] = await buildRpm(directory, { name: 'cut' });
  await truncate(cut, (await readFile(cut)).length - 10);
  expect(await refusedUpload(deployment, RPM, [cut])).toMatchObject({ code: 'package_invalid' });
  const text = join(directory, 'text-1-1.noarch.rpm');
  await writeFile(text, 'no package at all');
  expect(await refusedUpload(deployment, RPM, [text])).toMatchObject({
    code: 'package_invalid',
    where: expect.stringContaining('text-1-1.noarch.rpm') as string,
  });
  await expectNothing(deployment, RPM);

  const short = await buildDeb(directory, controlOf('short', '1'), { file: 'short_1_all.deb' });
  await truncate(short, (await readFile(short)).length - 20);
  expect(await refusedUpload(deployment, DEB, [short])).toMatchObject({ code: 'package_invalid' });
  const huge = join(directory, 'bomb_1_all.deb');
  await writeFile(huge, debWithHugeControl());
  expect(await refusedUpload(deployment, DEB, [huge])).toMatchObject({ code: 'package_invalid' });
  await expectNothing(deployment, DEB);
});

sampled('lists that lie, lead elsewhere or name what is not there are refused', async () => {
  const deployment = await deploy();
  const { directory } = deployment;
  const there = join(directory, 'there');
  await mkdir(there);
  const name = 'ab_1_all.deb';
  await buildDeb(there, controlOf('ab', '1'), { file: name });
  const changes = join(there, 'ab_1_all.changes');
  await writeChanges(changes, 'ab', [name], { lies: { [name]: '0'.repeat(64) } });
  expect((await refusedUpload(deployment, DEB, [changes])).message).toMatch(
    /^ab_1_all.deb is not the one that ab_1_all.changes names: it has \d+ bytes and SHA-256 [0-9a-f]{64}, and there are to be \d+ bytes with 0{64}$/,
  );
  const text = await readFile(changes, 'utf8');
  for (const elsewhere of ['../x_1_all.deb', '/etc/passwd', '-rf.deb', 'ä_1_all.deb']) {
    await writeFile(changes, text.replaceAll(name, elsewhere));
    expect(await refusedUpload(deployment, DEB, [changes])).toMatchObject({
      code: 'package_invalid',
      message: expect.stringContaining('does not lie beside it') as string,
    });
  }
  await writeFile(changes, text.replaceAll(name, 'gone_1_all.deb'));
  expect((await refusedUpload(deployment, DEB, [changes])).message).toContain('gone_1_all.deb, which is not a file');
  for (const nonsense of [
    '',
    'no control file',
    'Source: ab\nSource: b\n',
    'Source: ab\n',
    `A: ${'x'.repeat(9_000_000)}`,
  ]) {
    await writeFile(changes, nonsense);
    expect(await refusedUpload(deployment, DEB, [changes])).toMatchObject({ code: 'package_invalid' });
  }
  const dsc = await buildDsc(directory, 'src', '1');
  await writeFile(join(dirname(dsc), 'src_1.orig.tar.gz'), 'another');
  expect((await refusedUpload(deployment, DEB, [dsc])).message).toContain('src_1.orig.tar.gz is not the one');
  await expectNothing(deployment, DEB);
});

sampled('two contents of one full name are refused and both named, in one upload and after another', async () => {
  const deployment = await deploySamples(['alpha']);
  const { directory, json } = deployment;
  await json(['run']);
  const build = async (content: string, name = 'twin', version = '1') =>
    (await buildRpm(directory, { name, version, content }))[0];
  const [one, two] = [await build('one'), await build('two')];
  const renamed = join(directory, 'twin-1-1.noarch.rpm');
  await copyFile(two, renamed);
  const both = await refusedUpload(deployment, RPM, [one, renamed]);
  expect(both.code).toBe('repository_conflict');
  for (const part of [one, renamed, 'different contents']) expect(both.message).toContain(part);
  await upload(deployment, RPM, [one]);
  const later = await refusedUpload(deployment, RPM, [two]);
  expect(later).toMatchObject({ code: 'repository_conflict' });
  for (const part of ['twin-1-1.noarch', await sha256File(one), await sha256File(two), 'upload 1'])
    expect(later.message).toContain(part);
  // What is built here is not replaced, and a name has one owner.
  expect((await refusedUpload(deployment, RPM, [one], '--project', 'alpha')).message).toContain('alpha is built here');
  const stolen = await refusedUpload(deployment, RPM, [await build('x', 'alpha', '99')], '--project', 'vendor');
  expect(stolen).toMatchObject({ code: 'repository_conflict' });
  expect(stolen.message).toContain('alpha belongs to the project alpha');
  const several = await refusedUpload(deployment, RPM, [await build('x', 'p'), await build('x', 'q')]);
  expect(several.message).toContain('The packages were built from p, q');
  const names = (await json<ContentView[]>(['pkg', 'list'])).map(({ project }) => project);
  expect([...new Set(names)]).toEqual(['alpha', 'twin']);
});

sampled('what does not install is not published, and what grows a thousandfold meets the limit on disk', async () => {
  const deployment = await deploy();
  const { directory, dataDir } = deployment;
  await deployment.configure({ settings: { limits: { disk: '100MB' } } });
  const [lonely] = await buildRpm(directory, { name: 'lonely', preamble: 'Requires: nobody-has-this' });
  const refused = await refusedUpload(deployment, RPM, [lonely]);
  expect(refused).toMatchObject({ code: 'install_failed' });
  expect(refused.message).toContain('nobody-has-this');
  expect(await readFile(refused.where ?? '', 'utf8')).toContain('nobody-has-this');
  const bombs = [
    [RPM, await buildBomb(directory, 'bomb', 400_000_000)],
    [DEB, await buildDebBomb(directory, 'bomb', 400_000_000, 'xz')],
  ] as const;
  for (const [target, bomb] of bombs) {
    expect((await stat(bomb)).size).toBeLessThan(400_000);
    const tooLarge = await refusedUpload(deployment, target, [bomb]);
    expect(tooLarge).toMatchObject({ code: 'install_failed' });
    expect(tooLarge.message).toMatch(/space.*\(limits\.disk: what is written may have 95\.4 MiB\)$/);
    expect(await readdir(join(dataDir, 'repos', target, 'pool')).catch(() => [])).toEqual([]);
  }
});

// rpm itself refuses line breaks in them.
test('odd names of files in a package are indexed and installed as they are', async () => {
  const deployment = await deploy();
  const { directory } = deployment;
  const names = ['a b', '100%', '-rf', 'ü', '<&">'];
  const touch = names.map((name) => `: >'%{buildroot}/usr/share/odd/${name.replace('%', '%%')}'`);
  const [odd] = await buildRpm(directory, { name: 'odd', rest: touch.join('\n') });
  await upload(deployment, RPM, [odd]);
  const machine = await dnfClient(
    join(directory, 'client'),
    join(repositoryOf(deployment, RPM), `trunkline-${RPM}.repo`),
  );
  await machine.install('odd', '/usr/share/odd/100%');
  const installed = await readdir(join(machine.root, 'usr/share/odd'));
  for (const name of names) expect(installed).toContain(name);
});

const ways = {
  [RPM]: { name: 'big-1-1.noarch.rpm', build: (into: string) => buildBomb(into, 'big', 2_200_000_000, 'w0.ufdio') },
  [DEB]: { name: 'big_1_all.deb', build: (into: string) => buildDebBomb(into, 'big', 2_200_000_000, 'none') },
};

test.runIf(LONG).each([RPM, DEB] as const)(
  'a package of 2 GB goes in, and out again: %s',
  { timeout: 1_800_000 },
  async (target) => {
    const deployment = await deploy();
    const { directory, json } = deployment;
    await deployment.configure({ settings: { limits: { disk: '6GB', memory: '7GB', time: '20m' } } });
    const { name, build } = ways[target];
    const big = await build(directory);
    await upload(deployment, target, [big]);
    const [one] = await json<{ path: string; size: number; sha256: string }[]>(['pkg', 'show', 'big']);
    expect(one?.size).toBeGreaterThan(2 ** 31);
    expect(await sha256File(one?.path ?? '')).toBe(await sha256File(big));
    expect(basename(one?.path ?? '')).toBe(name);
    const top = repositoryOf(deployment, target);
    const root = join(directory, 'client');
    const machine =
      target === RPM
        ? await dnfClient(root, join(top, `trunkline-${target}.repo`))
        : await aptClient(root, top, `trunkline-${target}`);
    await machine.install('big');
    expect((await stat(join(root, 'usr/share/big/zeros'))).size).toBe(2_200_000_000);
  },
);
