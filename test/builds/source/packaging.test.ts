import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPackaging } from '../../../src/builds/source/index.ts';
import { openMirror, type Mirror } from '../../../src/lib/git/index.ts';
import { createFixture, temporaryDirectory, type Content, type Fixture } from '../../lib/git/fixture.ts';

let scope: Awaited<ReturnType<typeof temporaryDirectory>>;
let distgit: Fixture;
let mirror: Mirror;

beforeEach(async () => {
  scope = await temporaryDirectory();
  distgit = await createFixture(join(scope.path, 'distgit'));
  mirror = await openMirror(join(scope.path, 'git'), distgit.path);
});
afterEach(() => scope[Symbol.asyncDispose]());

async function push(files: Record<string, Content>): Promise<string> {
  const commit = await distgit.commit({ parent: null, files });
  await mirror.fetch();
  return commit;
}

/** A commit with a tree that git itself would not make, with one blob for all entries; a character of a name is a byte. */
async function pushTree(entries: readonly [mode: string, name: string][]): Promise<string> {
  const blob = await distgit.feed('x', 'hash-object', '-w', '--stdin');
  const tree = Buffer.concat(
    entries.flatMap(([mode, name]) => [Buffer.from(`${mode} ${name}\0`, 'latin1'), Buffer.from(blob, 'hex')]),
  );
  const hash = await distgit.feed(tree, 'hash-object', '-t', 'tree', '-w', '--literally', '--stdin');
  const commit = await distgit.git('commit-tree', '-m', 'tree', hash);
  await distgit.force('main', commit);
  await mirror.fetch();
  return commit;
}

const summary = (files: Awaited<ReturnType<typeof readPackaging>>) =>
  files.map((file) => [file.path, file.link ?? Buffer.from(file.content).toString(), file.executable]);

test('files come as git has them: bytes, modes, links as text, odd names', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
  const commit = await push({
    'a.spec': 'Name: a\n',
    'run.sh': { executable: '#!/bin/sh\n' },
    passwd: { link: '/etc/passwd' },
    'dir/ünï code': '1',
    '-rf': 'no option',
    'new\nline': '2',
    binary: bytes,
    empty: '',
  });
  const files = await readPackaging(mirror, commit, '');
  expect(summary(files.filter(({ path }) => path !== 'binary'))).toEqual([
    ['-rf', 'no option', false],
    ['a.spec', 'Name: a\n', false],
    ['dir/ünï code', '1', false],
    ['empty', '', false],
    ['new\nline', '2', false],
    ['passwd', '/etc/passwd', false],
    ['run.sh', '#!/bin/sh\n', true],
  ]);
  expect(Buffer.from(files.find(({ path }) => path === 'binary')?.content ?? [])).toEqual(Buffer.from(bytes));
});

test('a subdirectory is read by itself, with paths from there', async () => {
  const commit = await push({ 'packaging/rpm/a.spec': '1', 'packaging/rpm/x/y': '2', 'packaging/deb/control': '3' });
  expect(summary(await readPackaging(mirror, commit, 'packaging/rpm'))).toEqual([
    ['a.spec', '1', false],
    ['x/y', '2', false],
  ]);
  for (const path of ['gone', 'packaging/rpm/a.spec', '../packaging', '-x', '/etc', ':(glob)*'])
    await expect(readPackaging(mirror, commit, path)).rejects.toMatchObject({ code: 'source_invalid' });
});

test('of a Debian source repository only debian/ is read', async () => {
  const commit = await push({ 'debian/control': 'Source: a\n', 'src/large.c': 'x'.repeat(2000), 'p/debian/rules': '' });
  const limits = { entries: 10, bytes: 100 };
  expect(summary(await readPackaging(mirror, commit, '', { format: 'deb', limits }))).toEqual([
    ['debian/control', 'Source: a\n', false],
  ]);
  expect(summary(await readPackaging(mirror, commit, 'p', { format: 'deb' }))).toEqual([['debian/rules', '', false]]);
  expect(summary(await readPackaging(mirror, commit, 'debian', { format: 'deb' }))).toEqual([
    ['control', 'Source: a\n', false],
  ]);
  await expect(readPackaging(mirror, commit, '', { limits })).rejects.toMatchObject({
    code: 'source_invalid',
    message: expect.stringContaining('"src/large.c"') as string,
  });
});

test('submodules, names that are not UTF-8, too many files and large ones are refused', async () => {
  const other = await distgit.commit({ branch: 'other' });
  const withSubmodule = await push({ 'a.spec': '1', library: { submodule: other } });
  await expect(readPackaging(mirror, withSubmodule, '')).rejects.toMatchObject({
    code: 'source_invalid',
    message: 'The packaging has a submodule, "library"',
  });
  const many = await push(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, '1'])));
  const limits = { entries: 20, bytes: 1000 };
  await expect(readPackaging(mirror, many, '', { limits })).rejects.toMatchObject({ code: 'source_invalid' });
  const odd = await pushTree([['100644', 'n\xf6n']]);
  await expect(readPackaging(mirror, odd, '')).rejects.toMatchObject({
    message: 'The packaging has a file name that is not UTF-8: "nön"',
  });
});

test('a tree with names that lead elsewhere is not fetched, and not read when it is there all the same', async () => {
  const cases: [string, [string, string][]][] = [
    ...['..', '.', '.git', '.GIT', '../../etc/passwd'].map((name): [string, [string, string][]] => [
      name,
      [['100644', name]],
    ]),
    [
      'a',
      [
        ['120000', 'a'],
        ['100644', 'a/b'],
      ],
    ],
    [
      'a',
      [
        ['120000', 'a'],
        ['100644', 'a'],
      ],
    ],
  ];
  for (const [name, entries] of cases) {
    await expect(pushTree(entries)).rejects.toMatchObject({ code: 'source_invalid' });
    const commit = await distgit.git('rev-parse', 'main');
    await cp(join(distgit.path, 'objects'), join(mirror.path, 'objects'), { recursive: true });
    await expect(readPackaging(mirror, commit, '')).rejects.toMatchObject({
      code: 'source_invalid',
      message: expect.stringContaining(JSON.stringify(name)) as string,
    });
  }
});
