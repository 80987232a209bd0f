import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { run, sha256File } from '../../src/lib/index.ts';
import { openRepository, type Repository } from '../../src/repos/index.ts';
import { buildDeb, buildDsc, controlOf, deb, scratch } from '../drivers/formats/packages.ts';
import { serve } from './web.ts';
import { memoryNodes, publish } from './snapshots.ts';

const target = { name: 'debian-12-amd64', arch: 'amd64' };
const client = 'trunkline-debian-12-amd64';
let directory: string;
let web: Awaited<ReturnType<typeof serve>>;
let repository: Repository;
let top: string;
let first: string;
let second: string;
let dsc: string;

beforeAll(async () => {
  directory = await scratch();
  web = await serve(directory);
  top = join(directory, 'repos', target.name);
  const store = createDiskStore({ directory: join(top, 'pool') });
  repository = openRepository({
    ...{ directory: top, target, format: deb, store, nodes: memoryNodes() },
    url: `${web.url}/repos/${target.name}`,
  });
  dsc = await buildDsc(directory, 'hello', '1.0+git20260101', '1');
  const hello = await deb.identify([
    await buildDeb(directory, controlOf('hello', '1.0+git20260101-1', 'Depends: libsample (>= 1)\n')),
    dsc,
  ]);
  const newer = await deb.identify([
    await buildDeb(directory, controlOf('hello', '1.0+git20260102-1', 'Depends: libsample (>= 1)\n')),
  ]);
  const lib = await deb.identify([
    await buildDeb(directory, controlOf('libsample', '1.0').replace(': all', ': amd64')),
  ]);
  for (const files of [hello, newer, lib]) await repository.admit(files);
  const one = await publish(repository, lib, { project: 'libsample' });
  first = await publish(repository, hello, { project: 'hello', parent: one });
  second = await publish(repository, newer, { project: 'hello', sequence: 2, parent: first });
  await repository.moveRef('current', first);
});

afterAll(async () => {
  await web.close();
  await rm(directory, { recursive: true });
});

interface Machine {
  apt: (...args: string[]) => Promise<string>;
  cache: (...args: string[]) => Promise<string>;
}

/** A machine of a user whose dpkg has hello 99 from elsewhere; apt's client files are copied from `from`, or its sources are given. */
async function machine(name: string, from: string | null, sources = ''): Promise<Machine> {
  const root = join(directory, name);
  for (const path of [
    'etc/apt/sources.list.d',
    'etc/apt/preferences.d',
    'etc/apt/apt.conf.d',
    'state/lists/partial',
    'cache/archives/partial',
    'dpkg',
  ])
    await mkdir(join(root, path), { recursive: true });
  if (from === null) await writeFile(join(root, 'etc/apt/sources.list.d/local.list'), sources);
  else {
    await copyFile(join(from, `${client}.sources`), join(root, `etc/apt/sources.list.d/${client}.sources`));
    await copyFile(join(from, `${client}.pref`), join(root, `etc/apt/preferences.d/${client}.pref`));
  }
  const installed = controlOf('hello', '99').replace('Version', 'Status: install ok installed\nVersion');
  await writeFile(join(root, 'dpkg/status'), installed);
  const config = [
    ...[`Dir "${root}";`, `Dir::Etc "etc/apt";`, `Dir::State "state";`, `Dir::Cache "cache";`],
    ...[`Dir::State::status "${root}/dpkg/status";`, 'APT::Architecture "amd64";', 'APT::Architectures {"amd64";};'],
    ...['APT::Sandbox::User "root";', 'Acquire::Languages "none";', 'Acquire::Check-Date "false";'],
  ];
  await writeFile(join(root, 'apt.conf'), `${config.join('\n')}\n`);
  const options = { env: { APT_CONFIG: join(root, 'apt.conf'), HOME: root }, cwd: root };
  return {
    apt: async (...args) =>
      (await run(['apt-get', '-q', '-y', '-o', 'APT::Get::AllowUnauthenticated=false', ...args], options)).stdout,
    cache: async (...args) => (await run(['apt-cache', ...args], options)).stdout,
  };
}

test('apt reads a snapshot without a warning, prefers it to what is installed, and downloads from it', async () => {
  const { apt, cache } = await machine('snapshot', join(top, 'snapshots', first));
  const update = await apt('update');
  expect(update).not.toMatch(/^(W|E|Err|Ign(?!.*(InRelease|Release\.gpg))):/m);
  expect(await cache('policy', 'hello')).toMatch(
    /Installed: 99\n {2}Candidate: 1\.0\+git20260101-1\n[\s\S]* 1001 http:/,
  );
  const plan = await apt('--simulate', '--allow-downgrades', 'install', 'hello');
  expect(plan).toContain('Inst libsample (1.0 trunkline-debian-12-amd64:trunk [amd64])');
  expect(plan).toContain('Inst hello [99] (1.0+git20260101-1 trunkline-debian-12-amd64:trunk [all])');
  await apt('download', 'hello', 'libsample');
  const downloaded = (await readdir(join(directory, 'snapshot'))).filter((name) => name.endsWith('.deb'));
  expect(downloaded.sort()).toEqual(['hello_1.0+git20260101-1_all.deb', 'libsample_1.0_amd64.deb']);
});

test('apt-get source fetches, verifies and unpacks the source package', async () => {
  const { apt } = await machine('source', join(top, 'snapshots', first));
  await apt('update');
  await apt('source', 'hello');
  const root = join(directory, 'source');
  expect(await readFile(join(root, 'hello-1.0+git20260101/README'), 'utf8')).toBe('hello 1.0+git20260101\n');
  expect(await sha256File(join(root, 'hello_1.0+git20260101-1.dsc'))).toBe(await sha256File(dsc));
});

test('an apt that follows a ref sees a snapshot that was made in the same second', async () => {
  const { apt, cache } = await machine('follower', top);
  await apt('update');
  expect(await cache('policy', 'hello')).toContain('Candidate: 1.0+git20260101-1\n');
  await repository.moveRef('current', second);
  await apt('download', 'hello');
  await apt('update');
  expect(await cache('policy', 'hello')).toContain('Candidate: 1.0+git20260102-1\n');
});

test('apt installs from a build directory and from a candidate', async () => {
  const path = await repository.writeBuildDirectory({
    ...{ project: 'hello', component: null, ownsPair: false, snapshot: second, files: [] },
    ...{ upstreamCommit: 'ab'.repeat(20), distgitCommit: '01'.repeat(20) },
    client: { name: client, description: 'delorean-hello' },
  });
  const built = await machine('build', join(top, path));
  await built.apt('update');
  expect(await built.cache('policy', 'hello')).toContain('Candidate: 1.0+git20260102-1\n');
  await built.apt('download', 'hello');

  const fresh = await deb.identify([
    await buildDeb(directory, controlOf('fresh', '1', 'Depends: libsample\n')),
    await buildDsc(directory, 'fresh', '1'),
  ]);
  const next = await repository.next(second, { project: 'fresh', sequence: 1, packages: fresh });
  const scratchRepository = join(directory, 'candidate');
  await mkdir(scratchRepository);
  const local = await repository.candidate(next, fresh, { directory: scratchRepository, time: 1_790_000_000 });
  const line = `[trusted=yes] file://${local.path} trunk main`;
  const { apt } = await machine('tester', null, `deb ${line}\ndeb-src ${line}\n`);
  await apt('update');
  expect(await apt('--simulate', 'install', 'fresh')).toMatch(/Inst libsample[\s\S]*Inst fresh/);
  await apt('download', 'fresh', 'libsample');
  await apt('source', 'fresh');
  expect(await readFile(join(directory, 'tester/fresh-1/README'), 'utf8')).toBe('fresh 1\n');
});
