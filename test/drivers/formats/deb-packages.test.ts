import { copyFile, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, sha256, sha256File } from '../../../src/lib/index.ts';
import { buildDeb, buildDsc, controlOf, deb, debWithHugeControl, scratch } from './packages.ts';
import { stanzas } from './stanzas.ts';
import { writeIndex } from './write-index.ts';
import { sampled } from '../../sampled.ts';

let directory: string;
let hello: string;
let odd: string;
let source: string;

beforeAll(async () => {
  directory = await scratch();
  hello = await buildDeb(directory, controlOf('hello', '1.0-1'));
  const more =
    'Source: odd-src (4:2.0)\nPre-Depends: dpkg (>= 1.15)\nDepends: hello (>= 1.0), a | b\nProvides: plain, odd-x (= 3)\n';
  odd = await buildDeb(directory, controlOf('odd', '4:2.0+git20260101.abcdef0-3+b1', more).replace(/: all/, ': amd64'));
  source = await buildDsc(directory, 'sample', '1.2+git5', '7');
});

afterAll(() => rm(directory, { recursive: true }));

/** A copy of the source package in a directory of its own, its dsc edited. */
async function sourceCopy(name: string, edit: (dsc: string) => string = (dsc) => dsc): Promise<string> {
  const to = join(directory, name);
  await mkdir(to);
  for (const file of await readdir(dirname(source), { withFileTypes: true }))
    if (file.isFile()) await copyFile(join(dirname(source), file.name), join(to, file.name));
  const path = join(to, basename(source));
  await writeFile(path, edit(await readFile(path, 'utf8')));
  return path;
}

describe('identify', () => {
  test('reads names and relations of binary packages', async () => {
    const [file] = await deb.identify([odd]);
    expect(file).toEqual({
      ...{ path: odd, sha256: await sha256File(odd), size: (await readFile(odd)).length, companions: [] },
      identity: {
        ...{
          format: 'deb',
          kind: 'binary',
          name: 'odd',
          epoch: '4',
          version: '2.0+git20260101.abcdef0',
          release: '3+b1',
        },
        ...{ arch: 'amd64', sourceName: 'odd-src', fullName: 'odd_4:2.0+git20260101.abcdef0-3+b1_amd64' },
        fileName: 'odd_2.0+git20260101.abcdef0-3+b1_amd64.deb',
        summary: 'The sample odd',
        provides: ['plain', 'odd-x (= 3)'],
        requires: ['dpkg (>= 1.15)', 'hello (>= 1.0)', 'a | b'],
      },
    });
  });

  test('reads a source package with the files it names, and leaves other files out', async () => {
    const beside = await readdir(dirname(source));
    const files = await deb.identify(
      beside.filter((name) => name.includes('_')).map((name) => join(dirname(source), name)),
    );
    expect(files).toHaveLength(1);
    expect(files[0]?.identity).toEqual({
      ...{
        format: 'deb',
        kind: 'source',
        name: 'sample',
        epoch: null,
        version: '1.2+git5',
        release: '7',
        arch: 'source',
      },
      ...{ sourceName: 'sample', fullName: 'sample_1.2+git5-7_source', fileName: 'sample_1.2+git5-7.dsc', summary: '' },
      ...{ provides: [], requires: ['debhelper-compat (= 13)', 'libsample-dev [amd64]'] },
    });
    expect(files[0]?.companions.map((one) => one.fileName)).toEqual([
      'sample_1.2+git5.orig.tar.gz',
      'sample_1.2+git5-7.debian.tar.xz',
    ]);
    for (const one of files[0]?.companions ?? []) {
      expect(one.path).toBe(join(dirname(source), one.fileName));
      expect(one.sha256).toBe(await sha256File(one.path));
    }
  });

  test('names a file by its control file, whatever the build called it', async () => {
    const lying = join(directory, '-rf $(id) bash_5_amd64.deb');
    await copyFile(hello, lying);
    const [file] = await deb.identify([lying]);
    expect(file?.identity).toMatchObject({ fullName: 'hello_1.0-1_all', fileName: 'hello_1.0-1_all.deb' });
  });

  test.each([
    ['a version that leads out of its directory', controlOf('evil', '1/../../x')],
    ['a name that leads out of its directory', controlOf('../evil', '1')],
    ['an architecture that leads out of its directory', controlOf('evil', '1').replace('all', '../all')],
    ['a source that leads out of its directory', controlOf('evil', '1', 'Source: ../x\n')],
    ['a second package in its control file', `${controlOf('evil', '1')}\n${controlOf('bash', '99')}`],
    ['a doubled field', controlOf('evil', '1', 'Package: bash\n')],
    ['no version', controlOf('evil', '1').replace(/^Version.*\n/m, '')],
    ['a line that is no field', controlOf('evil', '1', 'nothing at all\n')],
    ['a carriage return, which apt takes for the end', `${controlOf('evil', '1')} long\n\r\nPackage: bash\n`],
    ['a control character', `${controlOf('evil', '1')} lo\u0001ng\n`],
  ])('refuses %s', async (what, control) => {
    const path = await buildDeb(directory, control, { file: `evil ${what}.deb`, nocheck: true });
    await expect(deb.identify([hello, path])).rejects.toMatchObject({ code: 'package_invalid', where: path });
  });

  sampled('a control file of 700 MB does no harm to its reader', async () => {
    const path = join(directory, 'bomb.deb');
    await writeFile(path, debWithHugeControl());
    await expect(deb.identify([hello, path])).rejects.toMatchObject({ code: 'package_invalid', where: path });
  });

  test('gives no place to what a control file says of its own address and digests', async () => {
    const lies = 'Filename: ../../evil\nSHA256: 00\nMD5sum: 00\nSize: 4\nDirectory: /etc\n';
    const [file] = await deb.identify([await buildDeb(directory, controlOf('liar', '1', lies))]);
    const [fragment] = await deb.fragments(file === undefined ? [] : [file]);
    expect(fragment?.Packages).toMatch(/^Filename:$/m);
    expect(fragment?.Packages).toContain(`\nSHA256: ${file?.sha256 ?? ''}\n`);
    expect(fragment?.Packages).toContain(`\nSize: ${String(file?.size)}\n`);
    expect(fragment?.Packages).not.toContain('evil');
  });

  test('lists the files of a package for Contents, and leaves out names that would be lines of their own', async () => {
    const tree = join(directory, 'listed');
    await mkdir(join(tree, 'DEBIAN'), { recursive: true });
    await mkdir(join(tree, 'usr/bin'), { recursive: true });
    await writeFile(join(tree, 'DEBIAN/control'), controlOf('listed', '1', 'Section: net\n'));
    for (const name of ['listed', 'two words', 'Größe', 'line\nbin/ls\tadmin/coreutils', 'tab\tadmin/bash']) {
      await mkdir(dirname(join(tree, 'usr/bin', name)), { recursive: true });
      await writeFile(join(tree, 'usr/bin', name), '');
    }
    await symlink('listed', join(tree, 'usr/bin/link'));
    const path = join(directory, 'listed.deb');
    // Not with dpkg-deb, which refuses line breaks.
    const members = ['debian-binary', 'control.tar.gz', 'data.tar.gz'].map((name) => join(directory, name));
    const [binary = '', control = '', data = ''] = members;
    await writeFile(binary, '2.0\n');
    await run(['tar', '-C', join(tree, 'DEBIAN'), '-czf', control, './control']);
    await run(['tar', '-C', tree, '-czf', data, '--exclude=./DEBIAN', '.']);
    await run(['ar', 'rc', path, ...members]);
    const [fragment] = await deb.fragments(await deb.identify([path]));
    expect(fragment?.Contents?.split('\n').sort()).toEqual(
      [
        '',
        'usr/bin/Größe\tnet/listed',
        'usr/bin/link\tnet/listed',
        'usr/bin/listed\tnet/listed',
        'usr/bin/two words\tnet/listed',
      ].sort(),
    );
    const [plain] = await deb.fragments(await deb.identify([hello]));
    expect(plain?.Contents).toBe('usr/share/sample/control\thello\n');
  });

  test.each([
    ['cut in its last member', async (path: string) => truncate(path, (await readFile(path)).length - 10)],
    ['cut in its first member', (path: string) => truncate(path, 100)],
    ['without its last member', async (path: string) => truncate(path, (await readFile(path)).indexOf('data.tar'))],
    ['empty', (path: string) => truncate(path, 0)],
    ['garbage', (path: string) => writeFile(path, 'no package'.repeat(1000))],
  ])('refuses a package that is %s, by name', async (what, damage) => {
    const path = join(directory, `damaged ${what}.deb`);
    await copyFile(hello, path);
    await damage(path);
    await expect(deb.identify([hello, path])).rejects.toMatchObject({ code: 'package_invalid', where: path });
  });

  test.each([
    ['a file elsewhere', (dsc: string) => dsc.replaceAll('sample_1.2+git5.orig.tar.gz', '../x')],
    ['an absolute path', (dsc: string) => dsc.replaceAll('sample_1.2+git5.orig.tar.gz', '/etc/passwd')],
    [
      'a file that is not there',
      (dsc: string) => dsc.replaceAll('sample_1.2+git5.orig.tar.gz', 'sample_0.orig.tar.gz'),
    ],
    ['another content', (dsc: string) => dsc.replaceAll(/[0-9a-f]{64}/g, '0'.repeat(64))],
    ['a file twice', (dsc: string) => dsc.replaceAll('sample_1.2+git5.orig.tar.gz', 'sample_1.2+git5-7.debian.tar.xz')],
    ['itself', (dsc: string) => dsc.replaceAll('sample_1.2+git5.orig.tar.gz', 'sample_1.2+git5-7.dsc')],
    ['its name while it is read', (dsc: string) => dsc.replaceAll('sample_1.2+git5.orig.tar.gz', 'package.dsc')],
    ['files without digests', (dsc: string) => dsc.replace(/^Checksums-Sha256:\n( .*\n)+/m, '')],
    ['different files in its lists', (dsc: string) => dsc.replace(/(Checksums-Sha256:\n) .*\n/, '$1')],
    ['a source that leads out of its directory', (dsc: string) => dsc.replace('Source: sample', 'Source: ../x')],
    ['nothing', () => ''],
  ])('refuses a dsc that names %s', async (what, edit) => {
    const path = await sourceCopy(`dsc ${what.replaceAll('/', '-')}`, edit);
    await expect(deb.identify([path])).rejects.toMatchObject({ code: 'package_invalid', where: path });
  });

  test('follows no link that a build left in the place of a source file', async () => {
    const path = await sourceCopy('dsc with link');
    const tarball = join(dirname(path), 'sample_1.2+git5.orig.tar.gz');
    await rm(tarball);
    await symlink(join(dirname(source), basename(tarball)), tarball);
    await expect(deb.identify([path])).rejects.toMatchObject({ code: 'package_invalid', where: path });
  });
});

describe('writeIndex', () => {
  const options = { time: 1_790_000_000, architectures: ['amd64'], origin: 'trunkline-test' };
  let top: string;

  beforeAll(async () => {
    top = join(directory, 'index');
    await mkdir(top);
    const files = await deb.identify([hello, odd, source]);
    const fragments = await deb.fragments(files);
    const entries = files.map((file, n) => ({ fragment: fragments[n] ?? {}, href: `pool/${file.identity.fileName}` }));
    await writeIndex(deb, top, entries, options);
  });

  const index = (path: string) => readFile(join(top, 'dists/trunk', path));
  const plain = async (path: string) => gunzipSync(await index(`${path}.gz`));

  test('says of binary packages what dpkg-scanpackages says', async () => {
    const mirror = join(directory, 'mirror');
    await mkdir(join(mirror, 'pool'), { recursive: true });
    for (const file of await deb.identify([hello, odd]))
      await copyFile(file.path, join(mirror, 'pool', file.identity.fileName));
    const { stdout } = await run(['dpkg-scanpackages', '--arch', 'amd64', '--hash', 'md5,sha256', 'pool'], {
      cwd: mirror,
    });
    expect(stanzas((await plain('main/binary-amd64/Packages')).toString())).toEqual(stanzas(stdout));
  });

  test('says of source packages what dpkg-scansources says', async () => {
    const mirror = join(directory, 'source-mirror');
    await mkdir(join(mirror, 'pool'), { recursive: true });
    for (const name of await readdir(dirname(source)))
      if (name.includes('_')) await copyFile(join(dirname(source), name), join(mirror, 'pool', name));
    const { stdout } = await run(['dpkg-scansources', 'pool'], { cwd: mirror });
    const [theirs] = stanzas(stdout);
    const [ours] = stanzas((await plain('main/source/Sources')).toString());
    for (const field of ['Package', 'Version', 'Directory', 'Format', 'Binary', 'Architecture', 'Build-Depends'])
      expect([field, ours?.[field]]).toEqual([field, theirs?.[field]]);
    for (const field of ['Files', 'Checksums-Sha256'])
      expect(ours?.[field]?.split('\n').sort()).toEqual(theirs?.[field]?.split('\n').sort());
  });

  test('lists every index in Release with its digest, plain ones too', async () => {
    const text = (await index('Release')).toString();
    expect(text).toContain('Origin: trunkline-test\nLabel: trunkline-test\nSuite: trunk\nCodename: trunk\n');
    expect(text).toContain(
      'Date: Mon, 21 Sep 2026 14:13:20 +0000\nAcquire-By-Hash: yes\nArchitectures: amd64\nComponents: main\n',
    );
    const listed = [...text.matchAll(/^ ([0-9a-f]{64}) ([0-9]+) (\S+)$/gm)];
    expect(listed.map((line) => line[3])).toEqual([
      ...[
        'main/Contents-amd64',
        'main/Contents-amd64.gz',
        'main/binary-amd64/Packages',
        'main/binary-amd64/Packages.gz',
        'main/source/Sources',
        'main/source/Sources.gz',
      ],
    ]);
    for (const [, digest, size, path] of listed) {
      const content = path?.endsWith('.gz') ? await index(path) : await plain(path ?? '');
      expect([sha256(content), String(content.length)]).toEqual([digest, size]);
    }
  });

  test('refuses a package of a foreign architecture', async () => {
    const foreign = await buildDeb(directory, controlOf('foreign', '1').replace(': all', ': s390x'));
    const files = await deb.identify([foreign]);
    const [fragment] = await deb.fragments(files);
    const entries = [{ fragment: fragment ?? {}, href: 'pool/foreign_1_s390x.deb' }];
    await expect(writeIndex(deb, top, entries, options)).rejects.toThrow(/foreign_1_s390x.deb is built for s390x/);
  });
});

test('client files pin by origin above everything installed', () => {
  const files = deb.clientFiles({ name: 'x', url: 'http://h/r', description: 'two\nlines', origin: 'trunkline-t' });
  expect(files).toEqual([
    {
      fileName: 'x.sources',
      content: '# two lines\nTypes: deb deb-src\nURIs: http://h/r/\nSuites: trunk\nComponents: main\nTrusted: yes\n',
    },
    { fileName: 'x.pref', content: 'Package: *\nPin: release o=trunkline-t\nPin-Priority: 1001\n' },
  ]);
  expect(() => deb.clientFiles({ name: '../x', url: '', description: '' })).toThrow(/cannot be the name/);
});
