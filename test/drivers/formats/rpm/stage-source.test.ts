import { existsSync } from 'node:fs';
import { readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stageSource } from '../../../../src/drivers/formats/rpm/stage-source.ts';
import { run, sha256File } from '../../../../src/lib/index.ts';
import type { PackageVersion, PackagingFile, StageRequest } from '../../../../src/model/index.ts';
import {
  HOSTILE_COMMITS,
  openWorkshop,
  packagingFile,
  stageRequest,
  UTC,
  VERSIONS,
  type Workshop,
} from '../stage-request.ts';
import { SPECS } from './specs.ts';

let workshop: Workshop;
let tarball: StageRequest['tarball'];
beforeAll(async () => {
  workshop = await openWorkshop();
  tarball = await workshop.tarball('foo-abcdef0', { Makefile: 'all:\n', LICENSE: 'MIT\n', 'a.txt': 'a\n' });
});
afterAll(async () => {
  await workshop[Symbol.asyncDispose]();
});

const BESIDE: readonly PackagingFile[] = [
  packagingFile('foo.service', '[Service]\n'),
  packagingFile('extra.txt', Buffer.from([0, 255, 10, 13, 10])),
  packagingFile('fix.patch', '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n'),
  packagingFile('bar-2.tar.gz', 'not really'),
];

interface Staged {
  directory: string;
  spec: string;
  mainFile: string;
  version: PackageVersion;
}

async function stage(spec: string, changes: Partial<StageRequest> = {}): Promise<Staged> {
  const directory = await workshop.empty();
  const packaging = [packagingFile('foo.spec', spec), ...BESIDE];
  const request = { ...stageRequest('rpm', { packaging, tarball, directory }), ...changes };
  const { mainFile, version } = await stageSource(request);
  return { directory, spec: await readFile(join(directory, mainFile), 'utf8'), mainFile, version };
}

const topdir = (directory: string): string[] => [
  '--define',
  `_topdir ${directory}`,
  '--define',
  '_sourcedir %{_topdir}/SOURCES',
];

/** One query on the source package that rpmbuild makes of what was staged. */
async function sourcePackage({ directory, mainFile }: Staged, format: string): Promise<string> {
  const deterministic = ['--define', 'use_source_date_epoch_as_buildtime 1', '--define', '_buildhost reproducible'];
  const env = { SOURCE_DATE_EPOCH: String(UTC) };
  await run(['rpmbuild', ...topdir(directory), ...deterministic, '--nodeps', '-bs', join(directory, mainFile)], {
    env,
  });
  const [srpm = ''] = await readdir(join(directory, 'SRPMS'));
  return (await run(['rpm', '-qp', '--nosignature', '--qf', format, join(directory, 'SRPMS', srpm)])).stdout;
}

async function prepScript({ directory, mainFile }: Staged): Promise<string> {
  const expanded = (await run(['rpmspec', ...topdir(directory), '-P', join(directory, mainFile)])).stdout;
  return expanded.slice(expanded.indexOf('%prep'));
}

describe('specs of all styles become source packages', () => {
  test.each(Object.keys(SPECS) as (keyof typeof SPECS)[])('%s', async (style) => {
    const staged = await stage(SPECS[style]);
    const answer = await sourcePackage(
      staged,
      '%{version}|%{release}|[%{source} ]|%{changelogname}|[%{changelogtext}]',
    );
    const [version, release, sources, changelogName, changelogText] = answer.split('|');
    expect([version, release]).toEqual([VERSIONS.rpm.version, '5']);
    expect(sources?.split(' ')).toContain('foo-abcdef0.tar.gz');
    expect(sources).not.toMatch(/foo-1|UPSTREAM|tar\.xz/);
    expect(changelogName).toMatch(/^Trunkline <trunkline@localhost> - ([0-9]:)?1\.2\.3\^20260102030405\.gitabcdef0-5$/);
    expect(changelogText).toBe('- Add a feature (Ada Lovelace)');
    const prep = await prepScript(staged);
    if (style !== 'multiline') expect(prep).toContain("cd 'foo-abcdef0'");
  });

  test('staging twice gives the same source package, byte for byte', async () => {
    const digests = [];
    for (let time = 0; time < 2; time += 1) {
      const staged = await stage(SPECS.fedora);
      // An SRPM's header holds the expanded spec, with the paths it was made at: a builder uses one.
      const directory = join(workshop.directory, 'same-place');
      await rename(staged.directory, directory);
      await sourcePackage({ ...staged, directory }, '');
      const [srpm = ''] = await readdir(join(directory, 'SRPMS'));
      digests.push([srpm, await sha256File(join(directory, 'SRPMS', srpm))]);
      await rm(directory, { recursive: true });
    }
    expect(digests[0]).toEqual(digests[1]);
  });

  test('%prep unpacks the tarball, applies the patch and stays in the top directory', async () => {
    const { directory, mainFile } = await stage(SPECS.fedora);
    await run(['rpmbuild', ...topdir(directory), '--nodeps', '-bp', join(directory, mainFile)]);
    expect(await readFile(join(directory, 'BUILD', 'foo-abcdef0', 'a.txt'), 'utf8')).toBe('b\n');
  });
});

describe('epochs', () => {
  test("the spec's own stays, and is reported", async () => {
    const staged = await stage(SPECS.rdo);
    expect(staged.version.epoch).toBe(1);
    expect(await sourcePackage(staged, '%{epoch} %{changelogname}')).toContain(
      '1 Trunkline <trunkline@localhost> - 1:1.2.3^',
    );
  });

  test("the version's replaces it in every branch", async () => {
    const version = { ...VERSIONS.rpm, epoch: 7 };
    for (const style of ['rdo', 'conditional', 'fedora'] as const) {
      const staged = await stage(SPECS[style], { version });
      expect(await sourcePackage(staged, '%{epoch}')).toBe('7');
      const rhel = await run([
        'rpmspec',
        ...topdir(staged.directory),
        '--define',
        'rhel 9',
        '-q',
        '--srpm',
        '--qf',
        '%{epoch}',
        join(staged.directory, staged.mainFile),
      ]);
      expect(rhel.stdout).toBe('7');
    }
  });
});

test('a forced rebuild is newer than the build, with any dist', async () => {
  const version = { ...VERSIONS.rpm, release: '5.r1' };
  const staged = await stage(SPECS.fedora, { version });
  const release = await run([
    'rpmspec',
    '--define',
    'dist .suse',
    '-q',
    '--srpm',
    '--qf',
    '%{release}',
    join(staged.directory, staged.mainFile),
  ]);
  expect(release.stdout).toBe('5.suse.r1');
});

describe('hostile input', () => {
  test('commit subjects and authors come out as plain text, in one entry', async () => {
    const staged = await stage(SPECS.fedora, { changelog: HOSTILE_COMMITS });
    const texts = await sourcePackage(staged, '[%{changelogname}\n]%{changelogtext}');
    const [name, ...lines] = texts.split('\n');
    expect(name).toContain('Trunkline');
    expect(lines).toHaveLength(HOSTILE_COMMITS.length);
    expect(lines[0]).toBe(
      '- %(touch /tmp/trunkline-pwned) %{lua:posix.mkdir("/tmp/trunkline-pwned")} %{expand:%%(id)} (Ada Lovelace)',
    );
    expect(lines[1]).toBe(
      '- first line * Mon Jan 01 2024 Evil <e@x> - 99-1 - injected %install rm -rf / (Ada Lovelace)',
    );
    expect(lines[2]).toMatch(/^- x{199}… \(Ada Lovelace\)$/);
    expect(lines[3]).toBe('- bell escape [31m red nul and backwards � alone (Ada Lovelace)');
    expect(lines[4]).toBe('- ends in a backslash \\ (Bobby \\)');
    expect(lines[6]).toBe('- Commit without a subject (%(touch /tmp/trunkline-pwned) Name)');
    expect(lines[7]).toBe('- %{ open bracket %( and %[ and %%{ and % (%)');
    expect(lines[8]).toBe('- Łódź “naïve” 数 (Ada Lovelace)');
    expect(existsSync('/tmp/trunkline-pwned')).toBe(false);
  });

  test('a spec whose macros run programs is staged without running them', async () => {
    const marker = join(workshop.directory, 'ran');
    const spec = SPECS.fedora.replace(
      'Summary:',
      `%global x %(touch ${marker})\n%{lua:posix.mkdir("${marker}")}\nSummary:`,
    );
    expect((await stage(spec)).spec).toContain(`%(touch ${marker})`);
    expect(existsSync(marker)).toBe(false);
  });

  test.each([
    ['version', { version: { ...VERSIONS.rpm, version: '1%(touch /tmp/x)' } }],
    ['release', { version: { ...VERSIONS.rpm, release: '1\n%install' } }],
    ['base', { version: { ...VERSIONS.rpm, base: '$(id)' } }],
    ['top directory', { tarball: { path: '/tmp/foo.tar.gz', topDirectory: '../x' } }],
    ['top directory', { tarball: { path: '/tmp/foo.tar.gz', topDirectory: "a'; id" } }],
    ['tarball', { tarball: { path: '/tmp/%(id).tar.gz', topDirectory: 'x' } }],
  ])('a %s that is more than text is refused', async (_, changes) => {
    await expect(stage(SPECS.fedora, changes)).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

describe('the files beside the spec', () => {
  async function stageFiles(packaging: readonly PackagingFile[]): Promise<string> {
    const directory = await workshop.empty();
    await stageSource(
      stageRequest('rpm', { packaging: [packagingFile('foo.spec', SPECS.fedora), ...packaging], tarball, directory }),
    );
    return join(directory, 'SOURCES');
  }

  test('are copied byte for byte, links resolved, and none of them is a link', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const sources = await stageFiles([
      packagingFile('-rf', bytes),
      packagingFile('script.sh', '#!/bin/sh\n', { executable: true }),
      packagingFile('dir/nested', 'n'),
      packagingFile('to-file', '', { link: './dir/../-rf' }),
      packagingFile('to-dir', '', { link: 'dir' }),
      packagingFile('foo-abcdef0.tar.gz', 'a stale tarball'),
    ]);
    expect(await readFile(join(sources, '-rf'))).toEqual(bytes);
    expect(await readFile(join(sources, 'to-file'))).toEqual(bytes);
    expect(await readFile(join(sources, 'to-dir/nested'), 'utf8')).toBe('n');
    expect((await stat(join(sources, 'script.sh'))).mode & 0o777).toBe(0o755);
    expect(await sha256File(join(sources, 'foo-abcdef0.tar.gz'))).toBe(await sha256File(tarball.path));
    const found = await readdir(sources, { withFileTypes: true, recursive: true });
    expect(found.filter((entry) => entry.isSymbolicLink())).toEqual([]);
    expect((await stat(join(sources, 'foo-abcdef0.tar.gz'))).nlink).toBe(1);
  });

  test('in the layout of an unpacked source package', async () => {
    const directory = await workshop.empty();
    const packaging = [
      packagingFile('SPECS/foo.spec', SPECS.fedora),
      ...BESIDE.map((file) => ({ ...file, path: `SOURCES/${file.path}` })),
    ];
    const { mainFile, version } = await stageSource(stageRequest('rpm', { packaging, tarball, directory }));
    expect(await sourcePackage({ directory, mainFile, version, spec: '' }, '[%{source} ]')).toContain('foo.service');
  });

  test('Latin-1 in a spec survives', async () => {
    const spec = Buffer.from(SPECS.fedora.replace('A package.', 'Ein Päckchen.'), 'latin1');
    const directory = await workshop.empty();
    await stageSource(
      stageRequest('rpm', { packaging: [packagingFile('foo.spec', spec), ...BESIDE], tarball, directory }),
    );
    expect(await readFile(join(directory, 'foo.spec'), 'latin1')).toContain('Ein Päckchen.');
  });
});
