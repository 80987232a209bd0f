import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { run, sha256File } from '../../src/lib/index.ts';
import { openRepository, type Repository } from '../../src/repos/index.ts';
import { buildRpm, rpm, scratch } from '../drivers/formats/packages.ts';
import { serve } from './web.ts';
import { memoryNodes, publish } from './snapshots.ts';
import { sampled } from '../sampled.ts';

const target = { name: 'fedora-43-x86_64', arch: 'x86_64' };
let directory: string;
let web: Awaited<ReturnType<typeof serve>>;
let repository: Repository;
let top: string;
let first: string;
let second: string;

beforeAll(async () => {
  directory = await scratch();
  web = await serve(directory);
  top = join(directory, 'repos', target.name);
  const store = createDiskStore({ directory: join(top, 'pool') });
  repository = openRepository({
    ...{ directory: top, target, format: rpm, store, nodes: memoryNodes() },
    url: `${web.url}/repos/${target.name}`,
  });
  const [lib, hello, newer] = await Promise.all([
    buildRpm(directory, { name: 'libsample' }),
    buildRpm(directory, { name: 'hello', version: '1.0^20260101.gitabcdef0', preamble: 'Requires: libsample' }),
    buildRpm(directory, { name: 'hello', version: '1.0^20260102.gitbcdef01', preamble: 'Requires: libsample' }),
  ]);
  const libFiles = await rpm.identify(lib);
  const helloFiles = await rpm.identify(hello);
  const newerFiles = await rpm.identify(newer);
  for (const files of [libFiles, helloFiles, newerFiles]) await repository.admit(files);
  const one = await publish(repository, libFiles, { project: 'libsample' });
  first = await publish(repository, helloFiles, { project: 'hello', parent: one });
  second = await publish(repository, newerFiles, { project: 'hello', sequence: 2, parent: first });
  await repository.moveRef('current', first);
});

afterAll(async () => {
  await web.close();
  await rm(directory, { recursive: true });
});

/** A machine of a user: an install root with its own repository files, cache and packages. */
async function machine(name: string, clientFile: string) {
  const root = join(directory, name);
  await mkdir(join(root, 'etc/yum.repos.d'), { recursive: true });
  await copyFile(clientFile, join(root, 'etc/yum.repos.d/trunk.repo'));
  await writeFile(join(root, '.rpmmacros'), '%_dbpath /var/lib/rpm\n');
  // Debian enables the plugin `local`, which keeps every installed package on the host and offers it to all later installs.
  const options = [`--installroot=${root}`, '--releasever=43', '--forcearch=x86_64', '--disableplugin=local'];
  return async (...args: string[]) => {
    const result = await run(['dnf', '-q', '-y', ...options, ...args], { env: { HOME: root }, okExitCodes: [0, 1] });
    return { ...result, lines: result.stdout.trim().split('\n').sort() };
  };
}

test('dnf reads a snapshot, resolves in it and downloads from it', async () => {
  const dnf = await machine('snapshot', join(top, 'snapshots', first, 'trunkline-fedora-43-x86_64.repo'));
  const query = await dnf('repoquery', '--arch', 'noarch', '--qf', '%{name} %{evr} %{repoid} %{location}');
  const libsample = await sha256File((await readPool('libsample-1.0-1.noarch.rpm')) ?? '');
  expect(query.lines).toEqual([
    expect.stringMatching(
      /^hello 1\.0\^20260101\.gitabcdef0-1 trunkline-fedora-43-x86_64 pool\/..\/[0-9a-f]{64}\/hello-/,
    ),
    `libsample 1.0-1 trunkline-fedora-43-x86_64 pool/${libsample.slice(0, 2)}/${libsample}/libsample-1.0-1.noarch.rpm`,
  ]);
  const into = join(directory, 'downloaded');
  const download = await dnf('download', '--resolve', '--alldeps', '--destdir', into, 'hello');
  expect(download.stderr).toBe('');
  expect((await readdir(into)).sort()).toEqual([
    'hello-1.0^20260101.gitabcdef0-1.noarch.rpm',
    'libsample-1.0-1.noarch.rpm',
  ]);
  await dnf('download', '--source', '--destdir', into, 'hello');
  expect(await readdir(into)).toContain('hello-1.0^20260101.gitabcdef0-1.src.rpm');
});

test('dnf installs from it, with files and changelogs to be asked for', async () => {
  const dnf = await machine('install', join(top, 'snapshots', first, 'trunkline-fedora-43-x86_64.repo'));
  const { stdout } = await dnf('repoquery', '-l', 'hello');
  expect(stdout).toContain('/usr/share/hello/odd & <name>\n');
  expect((await dnf('repoquery', '--changelogs', 'hello')).stdout).toContain('a line with <odd> & "usual" letters');
  const install = await dnf('install', 'hello');
  expect(install).toMatchObject({ exitCode: 0 });
  const installed = join(directory, 'install/usr/share/hello/version');
  expect(await readFile(installed, 'utf8')).toBe('1.0^20260101.gitabcdef0\n');
});

sampled('a dnf that follows a ref sees it move, keeps what it has begun, and goes back with distro-sync', async () => {
  const dnf = await machine('follower', join(top, 'trunkline-fedora-43-x86_64.repo'));
  expect(await dnf('install', 'hello')).toMatchObject({ exitCode: 0 });
  const requests = web.requests.length;
  await repository.moveRef('current', second);
  expect((await dnf('-C', 'repoquery', '--qf', '%{evr}', 'hello')).lines).toEqual(['1.0^20260101.gitabcdef0-1']);
  const into = join(directory, 'old');
  const cached = await dnf('--setopt=metadata_expire=never', 'download', '--destdir', into, 'hello');
  expect([cached.exitCode, await readdir(into)]).toEqual([0, ['hello-1.0^20260101.gitabcdef0-1.noarch.rpm']]);
  expect((await dnf('--refresh', 'upgrade')).exitCode).toBe(0);
  const version = () => readFile(join(directory, 'follower/usr/share/hello/version'), 'utf8');
  expect(await version()).toBe('1.0^20260102.gitbcdef01\n');
  expect(web.requests.slice(requests)).toContain('/repos/fedora-43-x86_64/current.mirrorlist');
  await repository.moveRef('current', first);
  expect((await dnf('--refresh', 'distro-sync')).exitCode).toBe(0);
  expect(await version()).toBe('1.0^20260101.gitabcdef0\n');
});

test('dnf installs from a build directory and from a candidate', async () => {
  const path = await repository.writeBuildDirectory({
    ...{ project: 'hello', component: 'samples', ownsPair: true, snapshot: second, files: [] },
    ...{ upstreamCommit: 'ab'.repeat(20), distgitCommit: '01'.repeat(20) },
    client: { name: 'delorean', description: 'delorean-hello' },
  });
  const dnf = await machine('build', join(top, path, 'delorean.repo'));
  expect((await dnf('repoquery', '--qf', '%{name} %{evr} %{repoid}')).lines).toEqual([
    'hello 1.0^20260102.gitbcdef01-1 delorean',
    'libsample 1.0-1 delorean',
  ]);

  const fresh = await rpm.identify(await buildRpm(directory, { name: 'fresh', preamble: 'Requires: libsample' }));
  const next = await repository.next(second, { project: 'fresh', sequence: 1, packages: fresh });
  const scratchRepository = join(directory, 'candidate');
  await mkdir(scratchRepository);
  const local = await repository.candidate(next, fresh, { directory: scratchRepository, time: 1 });
  expect(local).toEqual({ path: scratchRepository, also: [join(top, 'pool')] });
  const tester = await machine('tester', join(top, path, 'delorean.repo'));
  const repo = ['--disablerepo=*', `--repofrompath=candidate,${local.path}`];
  expect((await tester(...repo, '--nogpgcheck', 'install', 'fresh')).exitCode).toBe(0);
  expect(await readFile(join(directory, 'tester/usr/share/fresh/version'), 'utf8')).toBe('1.0\n');
  expect(await readFile(join(directory, 'tester/usr/share/libsample/version'), 'utf8')).toBe('1.0\n');
});

test('a ref can be followed without a web server', async () => {
  const at = join(directory, 'local');
  const store = createDiskStore({ directory: join(at, 'pool') });
  const local = openRepository({
    ...{ directory: at, target, format: rpm, store, nodes: memoryNodes() },
    url: `file://${at}`,
  });
  const files = await rpm.identify(await buildRpm(directory, { name: 'near' }));
  await local.admit(files);
  await local.moveRef('current', await publish(local, files, { project: 'near' }));
  const dnf = await machine('nearby', join(at, 'trunkline-fedora-43-x86_64.repo'));
  expect(await dnf('install', 'near')).toMatchObject({ exitCode: 0 });
});

async function readPool(fileName: string): Promise<string | undefined> {
  const names = await readdir(join(top, 'pool'), { recursive: true });
  const found = names.find((name) => name.endsWith(`/${fileName}`));
  return found === undefined ? undefined : join(top, 'pool', found);
}
