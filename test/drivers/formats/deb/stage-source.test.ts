import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stageSource } from '../../../../src/drivers/formats/deb/stage-source.ts';
import { run, sha256File } from '../../../../src/lib/index.ts';
import { versionText, type PackagingFile, type StagedSource, type StageRequest } from '../../../../src/model/index.ts';
import {
  commit,
  HOSTILE_COMMITS,
  openWorkshop,
  packagingFile,
  stageRequest,
  VERSIONS,
  type Workshop,
} from '../stage-request.ts';

let workshop: Workshop;
let tarball: StageRequest['tarball'];
beforeAll(async () => {
  workshop = await openWorkshop();
  tarball = await workshop.tarball('foo-abcdef0', { Makefile: 'all:\n', 'a.txt': 'a\n' });
});
afterAll(async () => {
  await workshop[Symbol.asyncDispose]();
});

const CONTROL = `# The source
Source: foo
Section: misc
Priority: optional
Maintainer: Ada <ada@example.org>
Build-Depends: debhelper-compat (= 13),
# inside a field
 gcc
Standards-Version: 4.6.2

Package: foo
Architecture: any
Depends: \${shlibs:Depends}, \${misc:Depends}
Description: a program
 That does
 .
 something.
`;
const RULES = '#!/usr/bin/make -f\n%:\n\tdh $@\n';
const PATCH = '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n';

function packagingOf(format: string | null, more: readonly PackagingFile[] = []): PackagingFile[] {
  return [
    packagingFile('debian/control', CONTROL),
    packagingFile('debian/rules', RULES, { executable: true }),
    ...(format === null ? [] : [packagingFile('debian/source/format', `${format}\n`)]),
    packagingFile('README', 'not part of the package'),
    ...more,
  ];
}

async function stage(packaging: readonly PackagingFile[], changes: Partial<StageRequest> = {}): Promise<StagedSource> {
  const directory = await workshop.empty();
  return stageSource({ ...stageRequest('deb', { packaging, tarball, directory }), ...changes });
}

const NATIVE = { ...VERSIONS.deb, version: '1.2.3+git20260102030405.abcdef0+p5', release: null };

/** What a builder does with a staged source, in the way a person would. Returns the unpacked tree. */
async function pack(staged: StagedSource): Promise<string> {
  const { directory, native, name, version } = staged;
  const top = (await readFile(join(directory, 'top'), 'utf8')).trim();
  const upstream = native ? 'upstream.tar.gz' : `${name}_${version.version}.orig.tar.gz`;
  await run(['tar', '-C', directory, '-xf', join(directory, upstream)]);
  await run(['tar', '-C', join(directory, top), '-xf', join(directory, 'debian.tar')]);
  await run(['dpkg-source', '-b', top], { cwd: directory, env: { SOURCE_DATE_EPOCH: '1767323045' } });
  return join(directory, top);
}

async function unpack(staged: StagedSource): Promise<string> {
  const target = join(staged.directory, 'unpacked');
  await run(['dpkg-source', '--no-check', '-x', staged.mainFile, target], { cwd: staged.directory });
  return target;
}

test('a Section of a component that the target does not have is refused where it stands', async () => {
  const { target } = stageRequest('deb', { packaging: [], tarball, directory: '' });
  const control = CONTROL.replace('Package: foo\n', 'Package: foo\nSection: contrib/net\n');
  const packaging = [packagingFile('debian/control', control), packagingFile('debian/rules', RULES)];
  const withThese = (...components: string[]) => stage(packaging, { target: { ...target, components } });
  await expect(withThese('main', 'non-free')).rejects.toMatchObject({
    ...{ code: 'source_invalid', where: 'debian/control:12' },
    message: 'Section contrib/net means the component contrib, and t has main, non-free',
    hint: 'correct it, or add contrib to targets.t.components in the configuration',
  });
  await withThese('main', 'contrib');
  await withThese('main');
});

describe('dpkg-source makes a source package of what is staged', () => {
  test.each([
    ['3.0 (quilt)', '3.0 (quilt)'],
    ['1.0', '1.0'],
    ['no format, which means 1.0', null],
  ])('%s', async (_, format) => {
    const staged = await stage(packagingOf(format));
    await pack(staged);
    const dsc = await readFile(join(staged.directory, staged.mainFile), 'utf8');
    expect(dsc).toContain('Version: 1.2.3+git20260102030405.abcdef0-5\n');
    expect(dsc).toContain('foo_1.2.3+git20260102030405.abcdef0.orig.tar.gz');
    const tree = await unpack(staged);
    expect(await readFile(join(tree, 'debian/control'), 'utf8')).toBe(CONTROL);
    expect(await readdir(tree)).not.toContain('README');
  });

  test('3.0 (native)', async () => {
    const staged = await stage(packagingOf('3.0 (native)'), { version: NATIVE });
    await pack(staged);
    expect(staged).toMatchObject({ native: true, mainFile: 'foo_1.2.3+git20260102030405.abcdef0+p5.dsc' });
    expect(await readFile(join(await unpack(staged), 'a.txt'), 'utf8')).toBe('a\n');
  });

  test('twice, with the same bytes', async () => {
    const digests = [];
    for (let time = 0; time < 2; time += 1) {
      const staged = await stage(packagingOf('3.0 (quilt)'));
      await pack(staged);
      digests.push(await sha256File(join(staged.directory, staged.mainFile)));
    }
    expect(digests[0]).toBe(digests[1]);
  });

  test('where the packaging directory is debian/ itself', async () => {
    const inside = packagingOf('3.0 (quilt)')
      .filter(({ path }) => path.startsWith('debian/'))
      .map((file) => ({ ...file, path: file.path.slice('debian/'.length) }));
    const [outer, inner] = [await stage(packagingOf('3.0 (quilt)')), await stage(inside)];
    expect(await sha256File(join(inner.directory, 'debian.tar'))).toBe(
      await sha256File(join(outer.directory, 'debian.tar')),
    );
  });

  test('patches apply, and one that does not is named', async () => {
    const patches = (patch: string) => [
      packagingFile('debian/patches/series', 'good.patch\nbad.patch\n'),
      packagingFile('debian/patches/good.patch', PATCH),
      packagingFile('debian/patches/bad.patch', patch),
    ];
    const good = await stage(packagingOf('3.0 (quilt)', patches(PATCH.replace('-a', '-b').replace('+b', '+c'))));
    expect(await readFile(join(await pack(good).then(() => unpack(good)), 'a.txt'), 'utf8')).toBe('c\n');
    const bad = await stage(packagingOf('3.0 (quilt)', patches(PATCH.replace('-a', '-z'))));
    await expect(pack(bad)).rejects.toThrow('bad.patch');
  });
});

describe('the changelog', () => {
  const OLD = `foo (2:1.0-1) unstable; urgency=low\n\n  * Old: Päckchen.\n\n -- Ada <ada@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n`;

  async function parsed(staged: StagedSource, ...options: string[]): Promise<string> {
    await run(['tar', '-C', staged.directory, '-xf', join(staged.directory, 'debian.tar')]);
    const file = join(staged.directory, 'debian/changelog');
    return (await run(['dpkg-parsechangelog', '-l', file, ...options])).stdout.trimEnd();
  }

  test('has an entry on top, and the old ones below', async () => {
    const staged = await stage(
      packagingOf('3.0 (quilt)', [packagingFile('debian/changelog', Buffer.from(OLD, 'latin1'))]),
    );
    expect(await parsed(staged, '-S', 'Distribution')).toBe('trunk');
    expect(await parsed(staged, '-S', 'Urgency')).toBe('medium');
    expect(await parsed(staged, '-S', 'Maintainer')).toBe('Trunkline <trunkline@localhost>');
    expect(await parsed(staged, '-S', 'Date')).toBe('Fri, 02 Jan 2026 03:04:05 +0000');
    expect(await parsed(staged, '-S', 'Source')).toBe('foo');
    expect(await parsed(staged, '--count', '2', '-S', 'Changes')).toContain('* Add a feature (Ada Lovelace)');
    const text = await readFile(join(staged.directory, 'debian/changelog'), 'latin1');
    expect(text.endsWith(OLD)).toBe(true);
  });

  test("its own epoch stays, and the version's replaces it", async () => {
    const packaging = packagingOf('3.0 (quilt)', [packagingFile('debian/changelog', `\n${OLD}`)]);
    const kept = await stage(packaging);
    expect(kept.version.epoch).toBe(2);
    expect(await parsed(kept, '-S', 'Version')).toBe('2:1.2.3+git20260102030405.abcdef0-5');
    await pack(kept);
    expect(await readFile(join(kept.directory, kept.mainFile), 'utf8')).toContain('Version: 2:1.2.3+git');
    const raised = await stage(packaging, { version: { ...VERSIONS.deb, epoch: 3 } });
    expect(await parsed(raised, '-S', 'Version')).toBe(versionText(raised.version));
  });

  test('commit subjects and authors come out as plain text, in one entry', async () => {
    const staged = await stage(packagingOf('3.0 (quilt)'), { changelog: HOSTILE_COMMITS });
    const changes = (await parsed(staged, '--all', '-S', 'Changes')).split('\n').filter((line) => line.includes('*'));
    expect(changes).toHaveLength(HOSTILE_COMMITS.length);
    expect(changes[5]).toBe(
      '  * -- Evil <e@x> Mon, 01 Jan 2024 00:00:00 +0000 foo (99-1) unstable; urgency=low * x (Ada Lovelace)',
    );
    expect(changes[8]).toBe('  * Łódź “naïve” 数 (Ada Lovelace)');
    expect(await parsed(staged, '-S', 'Version')).toBe(versionText(VERSIONS.deb));
    const text = await readFile(join(staged.directory, 'debian/changelog'), 'utf8');
    // eslint-disable-next-line no-control-regex -- control characters are what this looks for
    expect(text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f\u202e]/);
    await rm(join(staged.directory, 'debian'), { recursive: true });
    await pack(staged);
  });

  test('without commits it says which one was built', async () => {
    expect(await parsed(await stage(packagingOf('1.0'), { changelog: [] }), '-S', 'Changes')).toContain(
      'Trunk build of commit abcdef0',
    );
  });
});

test('links become files, long and odd names survive the archive', async () => {
  const long = `debian/${'d'.repeat(120)}/${'n'.repeat(150)}`;
  const staged = await stage(
    packagingOf('3.0 (quilt)', [
      packagingFile(long, 'long'),
      packagingFile('debian/-rf', 'dash'),
      packagingFile('debian/ünï code', 'odd'),
      packagingFile('debian/foo.docs', '', { link: '../README' }),
    ]),
  );
  await run(['tar', '-C', staged.directory, '-xf', join(staged.directory, 'debian.tar')]);
  const content = (path: string) => readFile(join(staged.directory, path), 'utf8');
  expect([await content(long), await content('debian/-rf'), await content('debian/ünï code')]).toEqual([
    'long',
    'dash',
    'odd',
  ]);
  expect(await content('debian/foo.docs')).toBe('not part of the package');
  const listing = (await run(['tar', '--numeric-owner', '--full-time', '-tvf', join(staged.directory, 'debian.tar')]))
    .stdout;
  expect(listing).toMatch(/-rwxr-xr-x 0\/0 +[0-9]+ 2026-01-02 03:04:05 debian\/rules/);
  expect(listing).not.toContain('->');
});

test('a version that does not fit the format of the packaging is refused', async () => {
  await expect(stage(packagingOf('3.0 (native)'))).rejects.toMatchObject({ code: 'source_invalid' });
  await expect(stage(packagingOf('3.0 (quilt)'), { version: NATIVE })).rejects.toMatchObject({
    code: 'source_invalid',
  });
  for (const version of ['1;id', '1-2', 'v1', '1:2', '../1'])
    await expect(stage(packagingOf('1.0'), { version: { ...VERSIONS.deb, version } })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  await expect(
    stage(packagingOf('1.0'), { changelog: [commit('x')], tarball: { ...tarball, topDirectory: '..' } }),
  ).rejects.toMatchObject({
    code: 'invalid_argument',
  });
});
