import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, sha256, sha256File } from '../../../src/lib/index.ts';
import { parsePrimary } from '../../../src/drivers/formats/rpm/primary.ts';
import { buildRpm, rpm, scratch } from './packages.ts';
import { writeIndex } from './write-index.ts';

let directory: string;
let hello: [string, string];
let odd: [string, string];

beforeAll(async () => {
  directory = await scratch();
  [hello, odd] = await Promise.all([
    buildRpm(directory, { name: 'hello' }),
    buildRpm(directory, {
      ...{ name: 'odd', version: '2.0^20260101120000.gitabcdef0', release: '3.fc43', epoch: 4 },
      preamble: 'Provides: odd(x) = 3, plain\nRequires: hello >= 1:0.5-2, (a if b)\nRequires(post): hello >= 1:0.5-2',
      rest: '%post\ntrue',
    }),
  ]);
});

afterAll(() => rm(directory, { recursive: true }));

const copyTo = async (from: string, name: string) => {
  const path = join(directory, name);
  await copyFile(from, path);
  return path;
};

describe('identify', () => {
  test('reads names, relations and digests of binary and source packages, and leaves other files out', async () => {
    const log = join(directory, 'build.log');
    await writeFile(log, 'text');
    const [binary, source, ...others] = await rpm.identify([odd[0], log, odd[1]]);
    expect(others).toEqual([]);
    expect(binary).toEqual({
      ...{ path: odd[0], sha256: await sha256File(odd[0]), size: (await readFile(odd[0])).length, companions: [] },
      identity: {
        ...{ format: 'rpm', kind: 'binary', name: 'odd', epoch: '4', version: '2.0^20260101120000.gitabcdef0' },
        ...{ release: '3.fc43', arch: 'noarch', sourceName: 'odd' },
        fullName: 'odd-4:2.0^20260101120000.gitabcdef0-3.fc43.noarch',
        fileName: 'odd-2.0^20260101120000.gitabcdef0-3.fc43.noarch.rpm',
        summary: 'The sample odd',
        provides: ['odd = 4:2.0^20260101120000.gitabcdef0-3.fc43', 'odd(x) = 3', 'plain'],
        requires: ['(a if b)', '/bin/sh', 'hello >= 1:0.5-2'],
      },
    });
    expect(source?.identity).toMatchObject({
      ...{ kind: 'source', arch: 'src', sourceName: 'odd' },
      ...{
        fullName: 'odd-4:2.0^20260101120000.gitabcdef0-3.fc43.src',
        fileName: 'odd-2.0^20260101120000.gitabcdef0-3.fc43.src.rpm',
      },
    });
  });

  test('names a file by its header, whatever the build called it', async () => {
    const lying = await copyTo(hello[0], '-rf $(id) bash-5.0-1.x86_64.rpm');
    const [file] = await rpm.identify([lying]);
    expect(file?.identity).toMatchObject({ fullName: 'hello-1.0-1.noarch', fileName: 'hello-1.0-1.noarch.rpm' });
  });

  test('agrees with rpm itself', async () => {
    const files = await rpm.identify([...hello, ...odd]);
    for (const { path, identity } of files) {
      const { stdout } = await run(['rpm', '-qp', '--dbpath', join(directory, 'db'), '--qf', '%{NEVRA}', path]);
      const asked = identity.kind === 'source' ? stdout.replace(/\.noarch$/, '.src') : stdout;
      expect(identity.fullName).toBe(asked);
    }
  });

  test.each([
    ['cut in the payload', async (path: string) => truncate(path, (await readFile(path)).length - 20)],
    ['cut in the header', (path: string) => truncate(path, 3000)],
    ['cut in the lead', (path: string) => truncate(path, 50)],
    ['empty', (path: string) => truncate(path, 0)],
    ['garbage', (path: string) => writeFile(path, 'no package'.repeat(1000))],
    ['changed in the payload', async (path: string) => flip(path, -10)],
    ['changed in the header', async (path: string) => flip(path, 5000)],
  ])('refuses a package that is %s, by name, beside good ones', async (what, damage) => {
    const path = await copyTo(hello[0], `damaged ${what}.rpm`);
    await damage(path);
    await expect(rpm.identify([hello[1], path])).rejects.toMatchObject({
      code: 'package_invalid',
      where: path,
    });
  });

  test('follows no link and reads no directory', async () => {
    const link = join(directory, 'link.rpm');
    await symlink(hello[0], link);
    await expect(rpm.identify([link])).rejects.toMatchObject({ code: 'package_invalid', where: link });
    const inside = join(directory, 'directory.rpm');
    await mkdir(inside);
    await expect(rpm.identify([inside])).rejects.toMatchObject({ code: 'package_invalid', where: inside });
  });

  test.each([
    ['a version that leads out of its directory', '1.0\0', '../\0'],
    ['a version that is markup', '1.0\0', '<a>\0'],
    ['a name with a line break', 'hello\0', 'he\nlo\0'],
    ['a name that is an option', 'hello\0', '-ello\0'],
    ['an architecture with a slash', 'noarch\0', '/oarch\0'],
    ['an impossible source package', 'hello-1.0-1.src.rpm\0', '../../././1.src.rpm\0'],
  ])('refuses a whole package with valid digests that has %s', async (what, from, to) => {
    const path = join(directory, `forged ${what}.rpm`);
    await writeFile(path, forgeHeader(await readFile(hello[0]), from, to));
    await run(['rpmkeys', '--dbpath', join(directory, 'db'), '-K', '--nosignature', path]);
    await expect(rpm.identify([hello[1], path])).rejects.toMatchObject({ code: 'package_invalid', where: path });
  });
});

describe('writeIndex', () => {
  const time = 1_790_000_000;

  test('says what createrepo_c says of the same packages', async () => {
    const ours = join(directory, 'ours');
    const theirs = join(directory, 'theirs');
    await mkdir(ours);
    await mkdir(theirs);
    const files = await rpm.identify([...hello, ...odd]);
    for (const file of files) await copyFile(file.path, join(theirs, file.identity.fileName));
    await run(['createrepo_c', '--quiet', '--no-database', theirs]);
    const fragments = await rpm.fragments(files);
    const entries = files.map((file, n) => ({ fragment: fragments[n] ?? {}, href: file.identity.fileName }));
    await writeIndex(rpm, ours, entries, { time, architectures: ['x86_64'], origin: 'trunkline-test' });

    for (const index of ['primary', 'filelists', 'other']) {
      const [mine, peers] = await Promise.all([readIndex(ours, index), readIndex(theirs, index)]);
      expect(mine).toEqual(peers);
      expect(mine).toHaveLength(4);
    }
    const before = await tree(ours);
    await rm(join(ours, 'repodata'), { recursive: true });
    await writeIndex(rpm, ours, entries, { time, architectures: ['x86_64'], origin: 'trunkline-test' });
    expect(await tree(ours)).toEqual(before);
  });

  test('names every index with its digests and sizes, and its time', async () => {
    const repomd = await readFile(join(directory, 'ours/repodata/repomd.xml'), 'utf8');
    const records = [...repomd.matchAll(/<data type="(\w+)">[\s\S]*?<\/data>/g)];
    expect(records.map((record) => record[1])).toEqual(['primary', 'filelists', 'other']);
    for (const [record] of records) {
      const value = (tag: string) => new RegExp(`<${tag}[^>]*>([^<]*)<`).exec(record)?.[1];
      const content = await readFile(join(directory, 'ours', /href="([^"]*)"/.exec(record)?.[1] ?? ''));
      expect([value('checksum'), value('size')]).toEqual([sha256(content), String(content.length)]);
      const open = gunzipSync(content);
      expect([value('open-checksum'), value('open-size')]).toEqual([sha256(open), String(open.length)]);
      expect(value('timestamp')).toBe(String(time));
    }
  });

  test('writes an index without packages', async () => {
    const empty = join(directory, 'empty');
    await mkdir(empty);
    await writeIndex(rpm, empty, [], { time, architectures: ['x86_64'], origin: 'trunkline-test' });
    expect(await readIndex(empty, 'primary')).toEqual([]);
  });
});

describe('fragments', () => {
  test('do not depend on the name, place and time of the file', async () => {
    const elsewhere = await copyTo(odd[0], 'elsewhere.rpm');
    await run(['touch', '-d', '2001-01-01', elsewhere]);
    const [one] = await rpm.fragments(await rpm.identify([odd[0]]));
    const { createRpmFormat } = await import('../../../src/drivers/formats/rpm/index.ts');
    const { openJail } = await import('../../../src/lib/jail/index.ts');
    const fresh = createRpmFormat({ openJail });
    expect(await fresh.fragments(await fresh.identify([elsewhere]))).toEqual([one]);
  });

  test('are refused for a file that changed after it was identified', async () => {
    const path = await copyTo(hello[1], 'changing.rpm');
    const [file] = await rpm.identify([path]);
    await copyFile(odd[1], path);
    const { createRpmFormat } = await import('../../../src/drivers/formats/rpm/index.ts');
    const { openJail } = await import('../../../src/lib/jail/index.ts');
    const fresh = createRpmFormat({ openJail });
    await expect(fresh.fragments(file === undefined ? [] : [file])).rejects.toMatchObject({
      code: 'package_invalid',
      where: path,
    });
  });
});

test('client files put the repository before all others, and take no name that leaves the file', () => {
  const [file] = rpm.clientFiles({ name: 'delorean', url: 'http://x/y', description: 'two\nlines' });
  expect(file).toEqual({
    fileName: 'delorean.repo',
    content:
      '[delorean]\nname=two lines\nbaseurl=http://x/y\nenabled=1\nautorefresh=1\ngpgcheck=0\npriority=1\nmodule_hotfixes=1\n',
  });
  expect(() => rpm.clientFiles({ name: '../x', url: '', description: '' })).toThrow(/cannot be the name/);
  expect(() => rpm.clientFiles({ name: 'a]\nb', url: '', description: '' })).toThrow(/cannot be the name/);
});

async function flip(path: string, offset: number): Promise<void> {
  const content = await readFile(path);
  const at = offset < 0 ? content.length + offset : offset;
  content[at] = (content[at] ?? 0) ^ 0xff;
  await writeFile(path, content);
}

/** Replaces a text (of the same length) in an RPM's main header and makes the digests in its signature header right again. */
function forgeHeader(content: Buffer, from: string, to: string): Buffer {
  const lengthAt = (at: number) => 16 + 16 * content.readUInt32BE(at + 8) + content.readUInt32BE(at + 12);
  const start = 96 + Math.ceil(lengthAt(96) / 8) * 8;
  const header = content.subarray(start, start + lengthAt(start));
  const digests = () => [
    Buffer.from(createHash('sha256').update(header).digest('hex')),
    Buffer.from(createHash('sha1').update(header).digest('hex')),
    createHash('md5').update(content.subarray(start)).digest(),
  ];
  const before = digests();
  for (let at = header.indexOf(from); at >= 0; at = header.indexOf(from, at + 1)) header.write(to, at, 'latin1');
  digests().forEach((digest, n) => {
    const at = content.indexOf(before[n] ?? '');
    expect(at).toBeGreaterThan(0);
    digest.copy(content, at);
  });
  return content;
}

/** The packages of an index, comparable: without the order, the file's own time, and blanks. */
async function readIndex(repository: string, index: string): Promise<unknown[]> {
  const name = (await readdir(join(repository, 'repodata'))).find((one) => one.includes(`-${index}.xml`)) ?? '';
  const xml = gunzipSync(await readFile(join(repository, 'repodata', name))).toString();
  const packages = xml.match(/<package [\s\S]*?<\/package>/g) ?? [];
  expect(xml).toContain(` packages="${String(packages.length)}">`);
  const comparable = packages.map((one) =>
    one.replace(/<time file="[0-9]+"/, '<time file=""').replaceAll(/>\s+</g, '><'),
  );
  for (const one of packages) if (index === 'primary') parsePrimary(one);
  return comparable.sort();
}

async function tree(top: string): Promise<Record<string, string>> {
  const names = await readdir(top, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return Object.fromEntries(await Promise.all(files.map(async (path) => [path, await sha256File(path)] as const)));
}
