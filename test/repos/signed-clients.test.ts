import { copyFile, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGpgSigner } from '../../src/drivers/signers/gpg/index.ts';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { run } from '../../src/lib/index.ts';
import type { PackageFile, PackageFormat } from '../../src/model/index.ts';
import { openRepository, type Repository } from '../../src/repos/index.ts';
import { buildDeb, buildRpm, controlOf, deb, rpm, scratch } from '../drivers/formats/packages.ts';
import { makeKey, removeHomes, temporary } from '../drivers/signers/keys.ts';
import { memoryNodes, publish } from './snapshots.ts';
import { serve } from './web.ts';
import { sampled } from '../sampled.ts';

let directory: string;
let web: Awaited<ReturnType<typeof serve>>;
let home: string;
let older: string;
let newer: string;
/** The keys that are trusted now, the one that signs first. */
let keys: string[];

beforeAll(async () => {
  [directory, home] = [await scratch(), await temporary()];
  [older, newer] = [await makeKey(home, { algorithm: 'rsa3072' }), await makeKey(home, { algorithm: 'rsa3072' })];
  web = await serve(directory);
});
afterAll(async () => {
  await web.close();
  await removeHomes();
  await rm(directory, { recursive: true });
});

const signer = () => createGpgSigner({ home, fingerprints: () => Promise.resolve(keys), passphraseFile: null });

function open(format: PackageFormat, target: { name: string; arch: string }): { repository: Repository; top: string } {
  const top = join(directory, 'repos', target.name);
  const store = createDiskStore({ directory: join(top, 'pool') });
  const url = `${web.url}/repos/${target.name}`;
  const nodes = memoryNodes();
  return { top, repository: openRepository({ directory: top, target, format, store, nodes, url, signer: signer() }) };
}

async function admit(repository: Repository, files: readonly PackageFile[]): Promise<readonly PackageFile[]> {
  const signed = await repository.sign(files, await mkdtemp(join(directory, 'signed-')));
  await repository.admit(signed);
  return signed;
}

describe('dnf', () => {
  const target = { name: 'fedora-43-x86_64', arch: 'x86_64' };
  const file = `trunkline-${target.name}.repo`;
  let repository: Repository;
  let top: string;
  let lib: string;
  let hello: string;

  /** An install root with its own packages, cache and keys. */
  async function machine(change: (repo: string) => string = (repo) => repo) {
    const root = await mkdtemp(join(directory, 'machine-'));
    await mkdir(join(root, 'etc/yum.repos.d'), { recursive: true });
    await writeFile(join(root, 'etc/yum.repos.d', file), change(await readFile(join(top, file), 'utf8')));
    await writeFile(join(root, '.rpmmacros'), '%_dbpath /var/lib/rpm\n');
    const options = [`--installroot=${root}`, '--releasever=43', '--forcearch=x86_64', '--disableplugin=local'];
    const dnf = async (...args: string[]) => {
      const all = ['dnf', '-y', ...options, '--setopt=tsflags=', ...args] as [string, ...string[]];
      const { stdout, stderr, exitCode } = await run(all, { env: { HOME: root }, okExitCodes: [0, 1] });
      return { exitCode, said: stdout + stderr };
    };
    const installed = async () =>
      (await run(['rpm', '--root', root, '--dbpath', '/var/lib/rpm', '-qa', '--qf', '%{name}-%{version} '])).stdout
        .split(' ')
        .filter((name) => name !== '' && !name.startsWith('gpg-pubkey'))
        .sort();
    return { dnf, installed };
  }

  beforeAll(async () => {
    keys = [older];
    ({ repository, top } = open(rpm, target));
    const built = await Promise.all([
      buildRpm(directory, { name: 'libsample' }),
      buildRpm(directory, { name: 'hello', preamble: 'Requires: libsample' }),
    ]);
    const [libFiles, helloFiles] = await Promise.all(built.map((paths) => rpm.identify(paths)));
    lib = await publish(repository, await admit(repository, libFiles ?? []), { project: 'libsample' });
    hello = await publish(repository, await admit(repository, helloFiles ?? []), { project: 'hello', parent: lib });
    await repository.moveRef('current', hello);
  });

  test('installs what is signed, asking for the key where the file says', async () => {
    const text = await readFile(join(top, file), 'utf8');
    expect(text).toMatch(/^gpgcheck=1\nrepo_gpgcheck=1\ngpgkey=http:.*\/trunkline\.asc\nmetadata_expire=300$/m);
    const { dnf, installed } = await machine();
    const { said, exitCode } = await dnf('install', 'hello');
    expect(said).toMatch(/Importing GPG key 0x/);
    expect([exitCode, await installed()]).toEqual([0, ['hello-1.0', 'libsample-1.0']]);
  });

  test('refuses an index or a package that another key signed, or none', async () => {
    const stranger = await temporary();
    const key = await makeKey(stranger, { algorithm: 'rsa2048' });
    const wrong = join(directory, 'stranger.asc');
    await run(['gpg', '--homedir', stranger, '--batch', '--armor', '--output', wrong, '--export', key]);
    const with_ = await machine((repo) => repo.replace(/^gpgkey=.*$/m, `gpgkey=file://${wrong}`));
    expect((await with_.dnf('install', 'hello')).exitCode).toBe(1);
    expect(await with_.installed()).toEqual([]);

    // Unsigned, in an index that is signed.
    const [path] = await buildRpm(directory, { name: 'stowaway' });
    const files = await rpm.identify([path]);
    await repository.admit(files);
    await repository.moveRef('current', await publish(repository, files, { project: 'stowaway', parent: hello }));
    const { dnf, installed } = await machine();
    const { said, exitCode } = await dnf('install', 'stowaway');
    expect(said).toMatch(/stowaway-1\.0-1\.noarch\.rpm is not signed/);
    expect([exitCode, await installed()]).toEqual([1, []]);
    await repository.moveRef('current', hello);
  });

  sampled(
    'goes on while the key is changed: an old machine fetches the new key, a new one installs what the old key signed',
    async () => {
      const old = await machine();
      await old.dnf('install', 'hello');
      keys = [newer, older];
      const files = await rpm.identify(
        await buildRpm(directory, { name: 'hello', version: '2.0', preamble: 'Requires: libsample' }),
      );
      const next = await publish(repository, await admit(repository, files), {
        project: 'hello',
        sequence: 2,
        parent: hello,
      });
      await repository.moveRef('current', next);
      const upgrade = await old.dnf('--refresh', 'upgrade');
      expect([upgrade.exitCode, await old.installed()]).toEqual([0, ['hello-2.0', 'libsample-1.0']]);
      const fresh = await machine();
      await fresh.dnf('install', 'hello');
      expect(await fresh.installed()).toEqual(['hello-2.0', 'libsample-1.0']);
      keys = [older];
    },
  );
});

describe('apt', () => {
  const target = { name: 'debian-12-amd64', arch: 'amd64' };
  const client = `trunkline-${target.name}`;
  let repository: Repository;
  let top: string;
  let first: string;

  async function machine() {
    const root = await mkdtemp(join(directory, 'machine-'));
    for (const path of [
      'etc/apt/sources.list.d',
      'etc/apt/preferences.d',
      'etc/apt/apt.conf.d',
      'state/lists/partial',
      'cache/archives/partial',
    ])
      await mkdir(join(root, path), { recursive: true });
    await copyFile(join(top, `${client}.sources`), join(root, `etc/apt/sources.list.d/${client}.sources`));
    await writeFile(join(root, 'status'), '');
    const config = [
      ...[`Dir "${root}";`, 'Dir::Etc "etc/apt";', 'Dir::State "state";', 'Dir::Cache "cache";'],
      ...[`Dir::State::status "${root}/status";`, 'APT::Architecture "amd64";', 'APT::Architectures {"amd64";};'],
      ...['APT::Sandbox::User "root";', 'Acquire::Languages "none";'],
    ];
    await writeFile(join(root, 'apt.conf'), config.join('\n'));
    return async (...args: string[]) => {
      const options = { env: { APT_CONFIG: join(root, 'apt.conf') }, cwd: root, okExitCodes: [0, 100] };
      const { stdout, stderr } = await run(['apt-get', '-q', '-y', ...args], options);
      return stdout + stderr;
    };
  }
  /** apt's words for what is wrong; old lists do not count as success for us. */
  const WRONG = /^(W|E|Err|N):?.*/m;

  beforeAll(async () => {
    keys = [older];
    ({ repository, top } = open(deb, target));
    const files = await admit(repository, await deb.identify([await buildDeb(directory, controlOf('hello', '1.0'))]));
    first = await publish(repository, files, { project: 'hello' });
    await repository.moveRef('current', first);
  });

  test('takes the key from the .sources file, and nothing else', async () => {
    const text = await readFile(join(top, `${client}.sources`), 'utf8');
    expect(text).toMatch(/^Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \.\n /m);
    expect(text).not.toContain('Trusted');
    const apt = await machine();
    expect(await apt('update')).not.toMatch(WRONG);
    expect(await apt('download', 'hello')).toMatch(/^Get:1 .*hello/m);
  });

  test('refuses an index that was changed', async () => {
    const apt = await machine();
    const path = join(top, 'current/dists/trunk/InRelease');
    const good = await readFile(path, 'utf8');
    const { mtime } = await stat(path);
    await writeFile(path, good.replace('Suite: trunk', 'Suite: trunK'));
    expect(await apt('update')).toMatch(/BADSIG|invalid signature|not valid/);
    await writeFile(path, good);
    await utimes(path, mtime, mtime);
    expect(await apt('update')).not.toMatch(WRONG);
  });

  test('goes on with either key while they are changed, and with the new one alone after that', async () => {
    const old = await machine();
    await old('update');
    keys = [newer, older];
    await repository.moveRef('current', first);
    const fresh = await machine();
    expect(await old('update')).not.toMatch(WRONG);
    expect(await fresh('update')).not.toMatch(WRONG);
    keys = [newer];
    await repository.moveRef('current', first);
    expect(await old('update')).toMatch(/NO_PUBKEY/);
    expect(await fresh('update')).not.toMatch(WRONG);
    expect(await (await machine())('update')).not.toMatch(WRONG);
  });
});

test('what a ref points at is signed with the keys of today, and says what it said', async () => {
  keys = [older];
  const { repository, top } = open(rpm, { name: 'resigned', arch: 'x86_64' });
  const hash = await publish(repository, []);
  await repository.moveRef('current', hash);
  const index = join(top, 'current/repodata/repomd.xml');
  const before = await readFile(index);
  const ring = join(directory, 'newer.gpg');
  await run(['gpg', '--batch', '--homedir', home, '--output', ring, '--export', newer]);
  const verify = () => run(['gpgv', '--keyring', ring, `${index}.asc`, index]);
  await expect(verify()).rejects.toThrow(/No public key|BADSIG|can't check/i);
  keys = [newer, older];
  await open(rpm, { name: 'resigned', arch: 'x86_64' }).repository.moveRef('current', hash);
  await verify();
  expect(await readFile(index)).toEqual(before);
  const written = await stat(`${index}.asc`);
  await open(rpm, { name: 'resigned', arch: 'x86_64' }).repository.moveRef('current', hash);
  expect((await stat(`${index}.asc`)).mtimeMs).toBe(written.mtimeMs);
});
