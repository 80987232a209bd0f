import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGpgSigner } from '../../src/drivers/signers/gpg/index.ts';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import type { PackageFile } from '../../src/model/index.ts';
import { openRepository, type Repository } from '../../src/repos/index.ts';
import { buildRpm, rpm, scratch } from '../drivers/formats/packages.ts';
import { makeKey, removeHomes, temporary } from '../drivers/signers/keys.ts';
import { AMISS, zypperMachine } from '../e2e/client-machines.ts';
import { memoryNodes, publish } from './snapshots.ts';
import { serve } from './web.ts';
import { sampled } from '../sampled.ts';

// Unpacked by scripts/setup.mjs.
const zypper = fileURLToPath(new URL('../../.cache/tools/zypper/usr/bin/zypper', import.meta.url));
const target = { name: 'suse-15-x86_64', arch: 'x86_64' };
let directory: string;
let web: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  directory = await scratch();
  web = await serve(directory);
});
afterAll(async () => {
  await web.close();
  await removeHomes();
  await rm(directory, { recursive: true });
});

describe.each(['gzip', 'zstd'] as const)('zypper and a signed repository compressed with %s', (compression) => {
  let repository: Repository;
  let top: string;
  let first: string;
  let second: string;

  beforeAll(async () => {
    const home = await temporary();
    const key = await makeKey(home, { algorithm: 'rsa3072' });
    top = join(directory, compression);
    repository = openRepository({
      ...{ directory: top, target, format: rpm, nodes: memoryNodes(), url: `${web.url}/${compression}`, compression },
      store: createDiskStore({ directory: join(top, 'pool') }),
      signer: createGpgSigner({ home, fingerprints: () => Promise.resolve([key]), passphraseFile: null }),
    });
    const admit = async (paths: readonly string[]): Promise<readonly PackageFile[]> => {
      const files = await rpm.identify(paths);
      const signed = await repository.sign(files, await mkdtemp(join(directory, 'signed-')));
      await repository.admit(signed);
      return signed;
    };
    const tool = [
      'mkdir -p %{buildroot}/usr/bin; echo x >%{buildroot}/usr/bin/sample-tool',
      'mkdir -p %{buildroot}/usr/share/sample-tool; echo x >%{buildroot}/usr/share/sample-tool/data',
      '%package -n sample-tool\nSummary: Measures tides\n%description -n sample-tool\nA gauge of seas.',
      '%files -n sample-tool\n/usr/bin/sample-tool\n/usr/share/sample-tool',
    ];
    const lib = await buildRpm(directory, { name: 'libsample', content: compression, rest: tool.join('\n') });
    const tools = join(lib[0], '..', 'sample-tool-1.0-1.noarch.rpm');
    const preamble = 'Requires: libsample\nRequires: /usr/bin/sample-tool';
    const hello = await buildRpm(directory, { name: 'hello', version: '1.0', preamble });
    const newer = await buildRpm(directory, { name: 'hello', version: '2.0', preamble });
    const one = await publish(repository, await admit([...lib, tools]), { project: 'libsample' });
    first = await publish(repository, await admit(hello), { project: 'hello', parent: one });
    second = await publish(repository, await admit(newer), { project: 'hello', sequence: 2, parent: first });
    await repository.moveRef('current', first);
  });

  sampled('installs with a file dependency, upgrades, goes back, searches, fetches sources', async () => {
    const machine = await zypperMachine(directory, join(top, `trunkline-${target.name}.repo`), zypper);
    const trusting = (...args: string[]) => machine.zypper('--gpg-auto-import-keys', ...args);
    // libzypp goes by the mirror list it has kept, drops it with the old metadata, and asks for the list the next time.
    const seeMove = async () => {
      for (const time of ['first', 'second'])
        expect((await machine.zypper('refresh', '--force')).exitCode, time).toBe(0);
    };
    const refresh = await trusting('refresh');
    expect([refresh.exitCode, AMISS.exec(refresh.said)?.[0]], refresh.said).toEqual([0, undefined]);
    const install = await machine.zypper('install', 'hello');
    expect(install.exitCode, install.said).toBe(0);
    expect(await machine.installed()).toEqual(['hello-1.0', 'libsample-1.0', 'sample-tool-1.0']);
    expect((await machine.zypper('search', '-s', 'hello')).said).toMatch(/hello +\| package +\| 1\.0-1/);

    await repository.moveRef('current', second);
    await seeMove();
    const update = await machine.zypper('update');
    expect(update.exitCode, update.said).toBe(0);
    expect(await machine.installed()).toContain('hello-2.0');

    await repository.moveRef('current', first);
    await seeMove();
    const back = await machine.zypper('dist-upgrade', '--allow-downgrade');
    expect(back.exitCode, back.said).toBe(0);
    expect(await machine.installed()).toContain('hello-1.0');

    const source = await machine.zypper(
      '--pkg-cache-dir',
      join(machine.root, 'pkgs'),
      'source-install',
      '--download-only',
      '--no-build-deps',
      'hello',
    );
    expect(source.exitCode, source.said).toBe(0);
    const names = await readdir(machine.root, { recursive: true });
    expect(names.filter((name) => name.endsWith('hello-1.0-1.src.rpm'))).not.toEqual([]);
  });

  test('follows a ref by itself, with nothing but the file that is handed out', async () => {
    await repository.moveRef('current', first);
    const { zypper: ask, installed } = await zypperMachine(
      directory,
      join(top, `trunkline-${target.name}.repo`),
      zypper,
    );
    expect((await ask('--gpg-auto-import-keys', 'refresh')).exitCode).toBe(0);
    expect((await ask('install', 'hello')).exitCode).toBe(0);
    expect(await installed()).toContain('hello-1.0');
    await repository.moveRef('current', second);
    // A list of mirrors of this very second is new enough for libzypp (RepoMirrorList.cc), whatever `repo.refresh.delay` says.
    await pause(1100);
    const update = await ask('update');
    expect(update.exitCode, update.said).toBe(0);
    expect(await installed()).toContain('hello-2.0');
    await repository.moveRef('current', first);
  });

  test('searches names, summaries, descriptions, and the files of packages', async () => {
    const { zypper: ask } = await zypperMachine(directory, join(top, `trunkline-${target.name}.repo`), zypper);
    expect((await ask('--gpg-auto-import-keys', 'refresh')).exitCode).toBe(0);
    const found = /^ +\| sample-tool +\| Measures tides +\| package$/m;
    expect((await ask('search', 'sample-tool')).said).toMatch(found);
    expect((await ask('search', '-d', 'tides')).said).toMatch(found);
    expect((await ask('search', '-d', 'gauge of seas')).said).toMatch(found);
    expect((await ask('search', 'nobody-is-called-so')).said).toContain('No matching items found');
    expect((await ask('search', '--provides', '--match-exact', '/usr/bin/sample-tool')).said).toMatch(found);
  });

  // libzypp loads primary.xml alone: of files it knows those in /etc, in bin directories, and /usr/lib/sendmail.
  test('has no file dependencies but those in primary: it does not read filelists', async () => {
    const { zypper: ask } = await zypperMachine(directory, join(top, `trunkline-${target.name}.repo`), zypper);
    expect((await ask('--gpg-auto-import-keys', 'refresh')).exitCode).toBe(0);
    const data = '/usr/share/sample-tool/data';
    expect((await ask('search', '--provides', '--match-exact', data)).said).toContain('No matching items found');
    expect((await ask('install', data)).said).toMatch(/No provider of|not found/);
  });

  test('finds the key beside the signature', async () => {
    const key = await readFile(join(top, 'current/repodata/repomd.xml.key'), 'utf8');
    expect(key).toContain('BEGIN PGP PUBLIC KEY BLOCK');
  });
});
