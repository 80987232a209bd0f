import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findConfig, loadSettings } from '../../../src/app/config/index.ts';
import { redact } from '../../../src/lib/index.ts';
import { FRAME, settingsOf, temporaryDirectory } from './file.ts';

describe('general settings', () => {
  test('have the documented defaults', async () => {
    const settings = await settingsOf('jobs: 3');
    expect(settings).toMatchObject({
      dataDir: '/var/lib/trunkline',
      baseUrl: null,
      jobs: 3,
      maxRetries: 3,
      database: { kind: 'sqlite', path: '/var/lib/trunkline/trunkline.sqlite' },
      mail: null,
      logLevel: 'warn',
      limits: {
        memory: 4 * 2 ** 30,
        processes: 2048,
        disk: 10 * 2 ** 30,
        time: 7200,
        output: 100 * 2 ** 20,
        sourceSize: 2 ** 31,
      },
    });
    expect((await settingsOf('')).jobs).toBe(availableParallelism());
  });

  test('take sizes and times as people write them', async () => {
    const { limits } = await settingsOf(
      'limits: { memory: 500MB, disk: 1.5 GiB, time: 1h30m, output: 1024, source_size: 2G, processes: 64 }',
    );
    expect(limits).toEqual({
      memory: 5e8,
      disk: 1.5 * 2 ** 30,
      time: 5400,
      output: 1024,
      sourceSize: 2e9,
      processes: 64,
    });
  });

  test('give a server over PostgreSQL a directory of its own, and one over SQLite the data directory', async () => {
    const over = (text: string) => settingsOf(`data_dir: /d\n${text}`);
    expect((await over('')).localDir).toBe('/d');
    expect((await over('database: postgres://h/d')).localDir).toBe(`/d/local/${hostname()}`);
    const named = await over('database: postgres://h/d\nlocal_dir: here');
    expect(named.localDir).toBe(join(named.file, '..', 'here'));
  });

  test('resolve data_dir against the file and drop the slash of base_url', async () => {
    const settings = await settingsOf('data_dir: ./data\nbase_url: https://h/x//');
    expect(settings.dataDir).toBe(join(settings.file, '..', 'data'));
    expect(settings.baseUrl).toBe('https://h/x');
  });
});

describe('signing', () => {
  const [key, older] = ['A1'.repeat(20), 'b2'.repeat(20)];
  test.each([
    ['{}', { kind: 'own', directory: '/d/keys' }],
    [`{ key: ${key} }`, { kind: 'gpg', home: '/d/keys', keys: [key], passphraseFile: null }],
    [
      `{ key: [${key}, "${older.slice(0, 20)}  ${older.slice(20)}"], gnupghome: /g, passphrase_file: /p }`,
      { kind: 'gpg', home: '/g', keys: [key, older.toUpperCase()], passphraseFile: '/p' },
    ],
    ['{ command: sign, public_keys: /k }', { kind: 'command', command: ['sign'], publicKeys: '/k' }],
    ['{ command: [/bin/sign, -k, x y], public_keys: /k }', { kind: 'command', command: ['/bin/sign', '-k', 'x y'] }],
  ])('%s', async (text, expected) => {
    const { signing } = await settingsOf(`data_dir: /d\nsigning: ${text}`);
    expect(signing).toMatchObject(expected);
  });

  test('takes relative paths from the file, and is off where it is not written', async () => {
    const settings = await settingsOf('signing: { command: ./sign, public_keys: k.asc }');
    const at = join(settings.file, '..');
    expect(settings.signing).toEqual({ kind: 'command', command: [join(at, 'sign')], publicKeys: join(at, 'k.asc') });
    expect((await settingsOf('')).signing).toBeNull();
  });
});

describe('secrets', () => {
  test('come from the environment, percent-encoded inside an address, and are redacted from then on', async () => {
    const settings = await settingsOf('database: "postgres://u:${PW}@h/d"\nmail: { smtp: "${SMTP}", from: a@b }', {
      environment: { PW: 'p@ss/w:rd#1', SMTP: 'smtps://me:top%20secret@h' },
    });
    expect(settings.database).toEqual({ kind: 'postgres', url: 'postgres://u:p%40ss%2Fw%3Ard%231@h/d' });
    expect(settings.mail).toEqual({ smtp: 'smtps://me:top%20secret@h', from: 'a@b', logLines: 40, maintainers: {} });
    expect(redact('it is p@ss/w:rd#1, p%40ss%2Fw%3Ard%231, top secret or top%20secret')).toBe(
      'it is **redacted**, **redacted**, **redacted** or **redacted**',
    );
  });

  test('come from files, whose paths start at the configuration', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'db'), 'postgres:///d?host=/run/postgresql\nsecond line\n');
    await writeFile(join(directory, 'c.yaml'), 'database_file: db\n');
    const settings = await loadSettings({ config: join(directory, 'c.yaml'), environment: {} });
    expect(settings.database).toEqual({ kind: 'postgres', url: 'postgres:///d?host=/run/postgresql' });
  });
});

describe('targets', () => {
  test('take distribution, release and arch from their names', async () => {
    const { targets } = await settingsOf(`
targets:
  fedora-43-x86_64:
    base:
      - { id: f, metalink: "https://m/?repo=f-$releasever&arch=$basearch", gpgkey: /keys/f-$releasever }
  centos-stream-9-aarch64: { root: host }
  debian-12-amd64:
    base: [{ uri: "http://d/debian", suites: [bookworm, bookworm-updates] }, { uri: /srv/flat, suites: ./, trusted: true }]
    limits: { time: 10m }
`);
    expect(targets).toEqual([
      expect.objectContaining({
        name: 'fedora-43-x86_64',
        format: 'rpm',
        builder: 'sandbox',
        arch: 'x86_64',
        dist: '.fc43',
        root: 'prepared',
        versionForm: 'caret',
        compression: 'gzip',
        validFor: null,
        components: [],
        labels: [],
        restricted: false,
        mockConfig: null,
        buildPackages: ['@buildsys-build'],
        installPackages: ['bash', 'coreutils'],
        baseRepositories: [
          {
            kind: 'rpm',
            id: 'f',
            baseurl: [],
            metalink: 'https://m/?repo=f-43&arch=x86_64',
            mirrorlist: null,
            gpgkey: ['file:///keys/f-43'],
            priority: 99,
          },
        ],
      }),
      expect.objectContaining({ format: 'rpm', arch: 'aarch64', dist: '.el9', root: 'host', buildPackages: [] }),
      expect.objectContaining({
        format: 'deb',
        arch: 'amd64',
        dist: '',
        buildPackages: ['build-essential', 'fakeroot'],
        limits: { memory: 4 * 2 ** 30, processes: 2048, disk: 10 * 2 ** 30, time: 600, output: 100 * 2 ** 20 },
        baseRepositories: [
          {
            kind: 'deb',
            id: 'base-1',
            uri: 'http://d/debian',
            suites: ['bookworm', 'bookworm-updates'],
            components: ['main'],
            signedBy: null,
            trusted: false,
          },
          {
            kind: 'deb',
            id: 'base-2',
            uri: 'file:///srv/flat',
            suites: ['./'],
            components: [],
            signedBy: null,
            trusted: true,
          },
        ],
      }),
    ]);
  });

  test('say what their names do not', async () => {
    const { targets } = await settingsOf(`
targets:
  mine:
    { format: rpm, builder: mock, distribution: fedora, release: 43, arch: i686, version_form: dlrn, mock_config: fedora-43-i386,
      base: [{ id: x, baseurl: [/a/$basearch, "https://h/$arch"], gpgcheck: false, priority: 10 }], build_packages: bash }
`);
    expect(targets[0]).toMatchObject({
      builder: 'mock',
      dist: '.fc43',
      versionForm: 'dlrn',
      mockConfig: 'fedora-43-i386',
      buildPackages: ['bash'],
      baseRepositories: [{ baseurl: ['file:///a/i386', 'https://h/i686'], gpgkey: [], priority: 10 }],
    });
  });
});

describe('projects', () => {
  test('a hundred of them take a hundred short entries', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `project-${index}`);
    const { projects } = await settingsOf(`${FRAME}projects:\n${names.map((name) => `  ${name}: {}\n`).join('')}`);
    expect(projects).toHaveLength(100);
    expect(projects[41]).toEqual({
      name: 'project-41',
      upstream: { url: 'https://git.example.org/project-41', branch: 'main' },
      packaging: {
        rpm: { url: 'https://git.example.org/rpms/project-41', branch: 'main', path: '' },
        deb: { url: 'https://git.example.org/debs/project-41', branch: 'main', path: '' },
      },
      maintainers: [],
      component: null,
      targets: ['fedora-43-x86_64', 'debian-12-amd64'],
      tags: [],
      version: { from: 'tags', script: [], epoch: null, tagPattern: null },
      source: { from: 'archive', command: [], submodules: false },
    });
  });

  test('override defaults key by key, and words of vars one by one', async () => {
    const { projects } = await settingsOf(`
targets: { fedora-43-x86_64: { root: host }, debian-12-amd64: { root: host } }
defaults:
  vars: { host: "https://h", repo: none }
  upstream: { url: "%(host)s/%(repo)s", branch: stable }
  packaging: { rpm: "%(host)s/rpms/%(name)s" }
  maintainers: "%(component)s-team@example.org"
  component: base
projects:
  openstack-nova:
    vars: { repo: nova }
    component: compute
  plain: { upstream: /srv/plain, packaging: { deb: { url: /srv/d, branch: debian/sid, path: pkg } } }
  nothing:
`);
    expect(projects[0]).toMatchObject({
      upstream: { url: 'https://h/nova', branch: 'stable' },
      packaging: { rpm: { url: 'https://h/rpms/openstack-nova' } },
      maintainers: ['compute-team@example.org'],
      targets: ['fedora-43-x86_64'],
    });
    expect(projects[1]).toMatchObject({
      upstream: { url: '/srv/plain', branch: 'main' },
      packaging: { deb: { url: '/srv/d', branch: 'debian/sid', path: 'pkg' } },
      targets: ['debian-12-amd64'],
      maintainers: ['base-team@example.org'],
    });
    expect(projects[2]).toMatchObject({ name: 'nothing', upstream: { url: 'https://h/none' } });
  });

  test('have version and source rules, with a shell line as the short form of a program', async () => {
    const { projects } = await settingsOf(`${FRAME}
projects:
  a: { version: { from: script, script: "./version | tail -1", epoch: 2 }, source: { from: command, command: [make, dist], submodules: true } }
  b: { version: { tag_pattern: "^b-(.+)$" }, tags: x }
`);
    expect(projects[0]).toMatchObject({
      version: { from: 'script', script: ['sh', '-c', './version | tail -1'], epoch: 2 },
      source: { from: 'command', command: ['make', 'dist'], submodules: true },
    });
    expect(projects[1]).toMatchObject({ version: { from: 'tags', tagPattern: '^b-(.+)$' }, tags: ['x'] });
  });

  test('write %(…) in a program as %%(', async () => {
    const { projects } = await settingsOf(
      `${FRAME}projects:\n  a: { version: { from: script, script: "date +%%(x)s %(name)s" } }\n`,
    );
    expect(projects[0]?.version.script).toEqual(['sh', '-c', 'date +%(x)s a']);
  });
});

test('the file is the one --config names, else TRUNKLINE_CONFIG, else ./trunkline.yaml', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'sub'));
  const own = join(directory, 'trunkline.yaml');
  await writeFile(own, '');
  const environment = { TRUNKLINE_CONFIG: 'sub/env.yaml' };
  expect(await findConfig({ config: 'sub/named.yaml', environment, directory })).toBe(
    join(directory, 'sub/named.yaml'),
  );
  expect(await findConfig({ environment, directory })).toBe(join(directory, 'sub/env.yaml'));
  expect(await findConfig({ environment: {}, directory })).toBe(own);
  await expect(findConfig({ environment: {}, directory: join(directory, 'sub') })).rejects.toMatchObject({
    code: 'not_found',
    hint: expect.stringContaining('trunkline init') as string,
  });
});
