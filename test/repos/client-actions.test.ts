import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGpgSigner } from '../../src/drivers/signers/gpg/index.ts';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { run, sha256File } from '../../src/lib/index.ts';
import type { PackageFile, PackageFormat } from '../../src/model/index.ts';
import { openRepository, type Repository } from '../../src/repos/index.ts';
import { buildDeb, buildDsc, buildRpm, controlOf, deb, rpm, scratch } from '../drivers/formats/packages.ts';
import { makeKey, removeHomes, temporary } from '../drivers/signers/keys.ts';
import { AMISS, aptMachine, dnfMachine, type Said } from '../e2e/client-machines.ts';
import { memoryNodes, publish } from './snapshots.ts';
import { serve } from './web.ts';
import { sampled } from '../sampled.ts';

// What people do with dnf and apt, from a signed repository whose ref moves; zypper-clients.test.ts has the same for zypper.

let directory: string;
let web: Awaited<ReturnType<typeof serve>>;
let home: string;
let key: string;

beforeAll(async () => {
  [directory, home] = [await scratch(), await temporary()];
  key = await makeKey(home, { algorithm: 'rsa3072' });
  web = await serve(directory);
});
afterAll(async () => {
  await web.close();
  await removeHomes();
  await rm(directory, { recursive: true });
});

type Compression = 'gzip' | 'zstd';

/** A signed repository with one project `base`, and two versions of another, `hello`: the snapshots `first` and `second`; `current` is the first. */
interface Sample {
  repository: Repository;
  top: string;
  first: string;
  second: string;
}

async function openSample(
  format: PackageFormat,
  target: { name: string; arch: string },
  compression: Compression,
  packages: { base: readonly string[]; hello: readonly string[]; newer: readonly string[] },
): Promise<Sample> {
  const place = `${target.name}-${compression}`;
  const top = join(directory, place);
  const repository = openRepository({
    ...{ directory: top, target, format, nodes: memoryNodes(), url: `${web.url}/${place}`, compression },
    store: createDiskStore({ directory: join(top, 'pool') }),
    signer: createGpgSigner({ home, fingerprints: () => Promise.resolve([key]), passphraseFile: null }),
  });
  const admit = async (paths: readonly string[]): Promise<readonly PackageFile[]> => {
    const signed = await repository.sign(await format.identify(paths), await mkdtemp(join(directory, 'signed-')));
    await repository.admit(signed);
    return signed;
  };
  const base = await publish(repository, await admit(packages.base), { project: 'base' });
  const first = await publish(repository, await admit(packages.hello), { project: 'hello', parent: base });
  const newer = await admit(packages.newer);
  const second = await publish(repository, newer, { project: 'hello', sequence: 2, parent: first });
  await repository.moveRef('current', first);
  return { repository, top, first, second };
}

/** @throws unless a client did what it was asked to, and found nothing amiss. */
function expectGood({ exitCode, said }: Said): string {
  expect([exitCode, AMISS.exec(said)?.[0]], said).toEqual([0, undefined]);
  return said;
}

/** The index names files below these directories twice: where dnf always looks, and with all others. */
const COMMAND = '/usr/bin/sample-tool';
const DATA = '/usr/share/sample-tool/deep/data';

describe.each(['gzip', 'zstd'] as const)('dnf and an index compressed with %s', (compression) => {
  const target = { name: 'fedora-43-x86_64', arch: 'x86_64' };
  let sample: Sample;
  let source: string;
  const machine = () => dnfMachine(directory, join(sample.top, `trunkline-${target.name}.repo`));

  beforeAll(async () => {
    const rest = [COMMAND, DATA].map((path) => `install -D -m 755 /dev/null %{buildroot}${path}`);
    const tool = await buildRpm(directory, {
      name: 'libsample',
      content: compression,
      rest: [
        ...rest,
        '%package -n sample-tool\nSummary: Measures tides\n%description -n sample-tool\nA gauge of seas.',
        `%files -n sample-tool\n${COMMAND}\n/usr/share/sample-tool`,
      ].join('\n'),
    });
    const preamble = `Requires: libsample\nRequires: ${COMMAND}\nRequires: ${DATA}`;
    const hello = await buildRpm(directory, { name: 'hello', content: compression, preamble });
    const newer = await buildRpm(directory, { name: 'hello', version: '2.0', preamble });
    const tools = join(tool[0], '..', 'sample-tool-1.0-1.noarch.rpm');
    sample = await openSample(rpm, target, compression, { base: [...tool, tools], hello, newer });
    source = 'hello-1.0-1.src.rpm';
  });

  test('installs with file dependencies, upgrades between snapshots, and goes back', async () => {
    const { dnf, installed } = await machine();
    expectGood(await dnf('install', 'hello'));
    expect(await installed()).toEqual(['hello-1.0', 'libsample-1.0', 'sample-tool-1.0']);
    await sample.repository.moveRef('current', sample.second);
    expectGood(await dnf('--refresh', 'upgrade'));
    expect(await installed()).toContain('hello-2.0');
    await sample.repository.moveRef('current', sample.first);
    expectGood(await dnf('--refresh', 'downgrade', 'hello'));
    expect(await installed()).toContain('hello-1.0');
  });

  sampled('searches names, summaries, descriptions, and the files of packages', async () => {
    const { dnf } = await machine();
    expect(expectGood(await dnf('search', 'sample-tool'))).toMatch(/^sample-tool\.noarch : Measures tides$/m);
    expect(expectGood(await dnf('search', 'tides'))).toMatch(/^sample-tool\.noarch : /m);
    expect(expectGood(await dnf('search', '--all', 'gauge of seas'))).toMatch(/^sample-tool\.noarch : /m);
    expect((await dnf('search', 'nobody-is-called-so')).said).toContain('No matches found');
    for (const path of [COMMAND, DATA])
      expect(expectGood(await dnf('provides', path))).toMatch(/^sample-tool-1\.0-1\.noarch : /m);
    expect(expectGood(await dnf('repoquery', '--whatrequires', DATA))).toContain('hello-0:1.0-1.noarch');
  });

  test('downloads the source package, signed, from the repository of sources that it asks for', async () => {
    const { dnf, root } = await machine();
    const into = join(root, 'sources');
    expectGood(await dnf('download', '--source', '--destdir', into, 'hello'));
    expect(await readdir(into)).toEqual([source]);
    const query = ['--qf', '%{NAME} %{SOURCERPM} %{RSAHEADER:pgpsig}'];
    const { stdout } = await run(['rpm', '-qp', '--nosignature', ...query, join(into, source)]);
    expect(stdout).toMatch(/^hello \(none\) RSA\/SHA256/);
  });
});

/** What apt-file has in /etc/apt/apt.conf.d/50apt-file.conf: apt fetches Contents by it, and checks it against the signed index. */
const CONTENTS = `Acquire::IndexTargets::deb::Contents-deb {
  MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)"; ShortDescription "Contents-$(ARCHITECTURE)";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents (deb)"; flatMetaKey "Contents-$(ARCHITECTURE)";
  PDiffs "true"; KeepCompressed "true"; DefaultEnabled "true"; Identifier "Contents-deb";
};
`;

describe.each(['gzip', 'zstd'] as const)('apt and an index compressed with %s', (compression) => {
  const target = { name: 'debian-12-amd64', arch: 'amd64' };
  const client = `trunkline-${target.name}`;
  let sample: Sample;
  let dsc: string;
  const machine = () =>
    aptMachine(
      directory,
      ['sources', 'pref'].map((kind) => join(sample.top, `${client}.${kind}`)),
    );

  beforeAll(async () => {
    const made = await mkdtemp(join(directory, 'debs-'));
    const build = (name: string, version: string, more = '') =>
      buildDeb(made, controlOf(name, version, more), { share: name, file: `${name}_${version}_all.deb` });
    const base = [await build('libsample', '1.0'), await build('sample-tool', '1.0', 'Section: science\n')];
    dsc = await buildDsc(made, 'hello', '1.0');
    const depends = 'Depends: libsample (>= 1), sample-tool\n';
    const hello = [await build('hello', '1.0-1', depends), dsc];
    const newer = [await build('hello', '2.0-1', depends)];
    sample = await openSample(deb, target, compression, { base, hello, newer });
  });

  sampled('installs with dependencies, upgrades between snapshots, and goes back', async () => {
    const { apt, installed } = await machine();
    expectGood(await apt('update'));
    expectGood(await apt('install', 'hello'));
    expect(await installed()).toEqual(['hello-1.0-1', 'libsample-1.0', 'sample-tool-1.0']);
    await sample.repository.moveRef('current', sample.second);
    expectGood(await apt('update'));
    expectGood(await apt('dist-upgrade'));
    expect(await installed()).toContain('hello-2.0-1');
    await sample.repository.moveRef('current', sample.first);
    expectGood(await apt('update'));
    expectGood(await apt('--allow-downgrades', 'dist-upgrade'));
    expect(await installed()).toContain('hello-1.0-1');
  });

  test('searches names and descriptions', async () => {
    const { apt, cache } = await machine();
    expectGood(await apt('update'));
    expect(await cache('search', '--names-only', '^sample')).toBe('sample-tool - The sample sample-tool\n');
    expect((await cache('search', 'sample', 'hello')).trim()).toBe('hello - The sample hello');
    expect(await cache('search', 'nobody-is-called-so')).toBe('');
    expect(await cache('rdepends', 'libsample')).toContain('  hello\n');
    expect(await cache('showsrc', 'hello')).toMatch(/^Binary: hello$/m);
  });

  // Debian's packages cannot depend on files; which package has a file is what Contents is for.
  test('has no file dependencies, and finds the package of a file by Contents, as apt-file does', async () => {
    const { apt, root } = await machine();
    await writeFile(join(root, 'etc/apt/apt.conf.d/50apt-file.conf'), CONTENTS);
    expectGood(await apt('update'));
    const { said } = await apt('indextargets', '--format', '$(FILENAME)', 'Identifier: Contents-deb');
    const { stdout } = await run(['/usr/lib/apt/apt-helper', 'cat-file', said.trim()]);
    const lines = stdout.trim().split('\n');
    const packageOf = (file: string) => lines.find((line) => line.startsWith(`${file}\t`))?.split('\t')[1];
    expect(packageOf('usr/share/sample-tool/control')).toBe('science/sample-tool');
    expect(packageOf('usr/share/hello/control')).toMatch(/(^|\/)hello$/);
  });

  test('fetches, checks and unpacks the source package', async () => {
    const { apt, root } = await machine();
    expectGood(await apt('update'));
    expectGood(await apt('source', 'hello'));
    expect(await readFile(join(root, 'hello-1.0/README'), 'utf8')).toBe('hello 1.0\n');
    expect(await sha256File(join(root, 'hello_1.0-1.dsc'))).toBe(await sha256File(dsc));
  });
});
