import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changelogSince, makeTarball, sourceTarball, type TarballRequest } from '../../../src/builds/source/index.ts';
import { openMirror, type Mirror } from '../../../src/lib/git/index.ts';
import { openJail } from '../../../src/lib/jail/index.ts';
import { createFixture, temporaryDirectory, type Fixture } from '../../lib/git/fixture.ts';
import { sampled } from '../../sampled.ts';

let scope: Awaited<ReturnType<typeof temporaryDirectory>>;
let upstream: Fixture;
let mirror: Mirror;
let made = 0;

beforeEach(async () => {
  scope = await temporaryDirectory();
  upstream = await createFixture(join(scope.path, 'upstream'));
  mirror = await openMirror(join(scope.path, 'git'), upstream.path);
});
afterEach(() => scope[Symbol.asyncDispose]());

async function make(commit: string, options: Partial<TarballRequest> = {}): Promise<string> {
  const output = join(scope.path, `made-${made++}.tar.gz`);
  await mirror.fetch();
  await makeTarball({
    mirror,
    commit,
    topDirectory: 'a-1.0',
    limits: { bytes: 50 * 1024 ** 2 },
    submoduleMirrors: join(scope.path, 'git'),
    output,
    ...options,
  });
  return output;
}

/** Lines of GNU tar's own listing: mode, owner, size, time, name. */
const list = (path: string): string[] =>
  execFileSync('tar', ['--list', '--verbose', '--full-time', '--utc', '--quoting-style=c', '-f', path], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
  })
    .trim()
    .split('\n');
const names = (path: string) => list(path).map((line) => line.split('"')[1]);
const content = (path: string, name: string) => execFileSync('tar', ['-xOf', path, '--', name], { encoding: 'utf8' });

describe('a tarball', () => {
  test('has one top directory, the commit time, no owner, fixed modes, and links as links', async () => {
    const commit = await upstream.commit({
      time: 1_700_000_000,
      files: {
        'dir/file': 'text',
        '-rf': 'no option',
        'ünï\ncode': '1',
        run: { executable: '#!/bin/sh\n' },
        passwd: { link: '/etc/passwd' },
      },
    });
    const lines = list(await make(commit));
    const when = '2023-11-14 22:13:20';
    expect(lines).toEqual([
      `drwxr-xr-x root/root         0 ${when} "a-1.0/"`,
      `-rw-r--r-- root/root         9 ${when} "a-1.0/-rf"`,
      `drwxr-xr-x root/root         0 ${when} "a-1.0/dir/"`,
      `-rw-r--r-- root/root         4 ${when} "a-1.0/dir/file"`,
      `lrwxrwxrwx root/root         0 ${when} "a-1.0/passwd" -> "/etc/passwd"`,
      `-rwxr-xr-x root/root        10 ${when} "a-1.0/run"`,
      String.raw`-rw-r--r-- root/root         1 ${when} "a-1.0/\303\274n\303\257\ncode"`,
    ]);
  });

  test('has the same bytes from another mirror, at another time, with another umask and other branches and tags about', async () => {
    const files = {
      '.gitattributes': 'version export-subst\nsecret export-ignore\n',
      version: '$Format:%H %h %d %(describe:tags=true)$\n',
      secret: 'not packed',
    };
    const [tagged = '', commit = ''] = await upstream.commits([{ files }, {}]);
    await upstream.git('tag', 'v1.0', tagged);
    const first = await make(commit);
    expect(content(first, 'a-1.0/version')).toBe(`${commit} ${commit.slice(0, 12)}  v1.0-1-g${commit.slice(0, 12)}\n`);
    expect(names(first)).not.toContain('a-1.0/secret');
    const later = await upstream.commit();
    await upstream.git('tag', 'v2.0', later);
    await upstream.git('branch', 'release', commit);
    const umask = process.umask(0o077);
    try {
      mirror = await openMirror(join(scope.path, 'another'), `file://${upstream.path}`);
      const second = await make(commit);
      expect((await readFile(second)).equals(await readFile(first))).toBe(true);
    } finally {
      process.umask(umask);
    }
  });

  test('sees the tags that were recorded with the version, not those pushed late', async () => {
    const files = { '.gitattributes': 'version export-subst\n', version: '$Format:%(describe:tags=true)$' };
    const commit = await upstream.commit({ files });
    await upstream.git('tag', 'v1', commit);
    await upstream.git('tag', 'v1-late', commit);
    expect(content(await make(commit, { tags: ['v1'] }), 'a-1.0/version')).toBe('v1');
    expect(content(await make(commit, { tags: [] }), 'a-1.0/version')).not.toContain('v1');
  });

  test('runs no filter, no hook, no gpg', async () => {
    const mark = join(scope.path, 'ran');
    const commit = await upstream.commit({
      files: { '.gitattributes': '* filter=evil\nx export-subst ident\n', x: '$Format:%G?%GG$ $Id$' },
    });
    await mirror.fetch();
    await upstream.git('config', 'filter.evil.smudge', `touch ${mark}`);
    await upstream.git('config', 'gpg.program', `touch ${mark}`);
    expect(content(await make(commit), 'a-1.0/x')).toMatch(/^N /);
    await expect(stat(mark)).rejects.toThrow();
  });
});

describe('refused, and nothing is left behind:', () => {
  const refused = async (commit: string, message: RegExp, options: Partial<TarballRequest> = {}) => {
    await expect(make(commit, options)).rejects.toMatchObject({
      code: 'source_invalid',
      message: expect.stringMatching(message) as string,
    });
    expect((await readdir(scope.path)).filter((name) => /^\.tmp|^made/.test(name))).toEqual([]);
  };
  beforeEach(() => {
    made = 0;
  });

  sampled(
    'a 5 GB sparse file, quickly',
    async () => {
      // A blob of zeros as a loose object; deflate blocks that end in a full flush can be repeated as they stand.
      const script = `import hashlib, os, sys, zlib
size, objects = 5 * 1024 ** 3, sys.argv[1]
chunk, header = bytes(1 << 24), b'blob %d\\0' % size
z = zlib.compressobj(1)
head = z.compress(header) + z.flush(zlib.Z_FULL_FLUSH)
body = z.compress(chunk) + z.flush(zlib.Z_FULL_FLUSH)
sha, adler = hashlib.sha1(header), zlib.adler32(header)
for _ in range(size >> 24):
    sha.update(chunk)
    adler = zlib.adler32(chunk, adler)
name = sha.hexdigest()
os.makedirs(objects + '/' + name[:2], exist_ok=True)
with open(objects + '/' + name[:2] + '/' + name[2:], 'wb') as out:
    out.write(head + body * (size >> 24) + b'\\3\\0' + adler.to_bytes(4, 'big'))
print(name)`;
      const objects = join(mirror.path, 'objects');
      const blob = execFileSync('python3', ['-c', script, objects], { encoding: 'utf8' }).trim();
      const feed = (input: string, ...args: string[]) =>
        execFileSync('git', ['--git-dir', mirror.path, ...args], {
          input,
          encoding: 'utf8',
          env: { PATH: '/usr/bin:/bin', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
        }).trim();
      const tree = feed(`100644 blob ${blob}\tsparse\n`, 'mktree');
      const commit = feed(
        `tree ${tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx`,
        ...['hash-object', '-w', '-t', 'commit', '--stdin'],
      );
      const started = performance.now();
      await refused(commit, /5120\.0 MiB of files.*"sparse"/);
      expect(performance.now() - started).toBeLessThan(5000);
    },
    120_000,
  );

  test('a tree that is larger than allowed in all', async () => {
    const commit = await upstream.commit({ files: { a: 'x'.repeat(600), b: 'y'.repeat(600) } });
    await refused(commit, /MiB of files/, { limits: { bytes: 1000 } });
    await refused(commit, /more than 1 files/, { limits: { bytes: 10_000, entries: 1 } });
  });

  test('a tree that holds itself ten billion times', async () => {
    let tree = await upstream.feed(
      `100644 blob ${await upstream.feed('x', 'hash-object', '-w', '--stdin')}\tf`,
      'mktree',
    );
    for (let depth = 0; depth < 10; depth++) {
      const lines = Array.from({ length: 10 }, (_, n) => `040000 tree ${tree}\td${n}`);
      tree = await upstream.feed(lines.join('\n'), 'mktree');
    }
    const commit = await upstream.git('commit-tree', '-m', 'bomb', tree);
    await upstream.force('main', commit);
    await refused(commit, /more than 1000 files/, { limits: { bytes: 1e9, entries: 1000 } });
  });

  test('ten bytes of export-subst that become gigabytes', async () => {
    const formats = `$Format:${'%<(10000)%s'.repeat(3)}$\n`.repeat(2000);
    const commit = await upstream.commit({ files: { '.gitattributes': 'f export-subst\n', f: formats } });
    await refused(commit, /outgrows/, { limits: { bytes: 1_000_000 } });
  });
});

describe('changelog', () => {
  test('has the first-parent commits since the tag, newest first, with texts made safe', async () => {
    const [a = ''] = await upstream.commits([{}, {}]);
    await upstream.git('tag', 'v1', a);
    const side = await upstream.commit({ branch: 'side', parent: a });
    await upstream.commit({
      merge: [side],
      author: Buffer.from([0x4a, 0xf6, 0x20, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x20, 0x3c, 0x6a, 0x40, 0x78, 0x3e]),
      message: 'One %(id) $(id)\nbody\n',
    });
    await mirror.fetch();
    const log = await changelogSince(mirror, await mirror.resolveBranch('main'), 'v1');
    expect(log.map(({ subject }) => subject)).toEqual(['One %(id) $(id) body', expect.stringMatching(/^Commit 2/)]);
    expect(log[0]).toMatchObject({ authorName: 'J\ufffd  [31m', authorEmail: 'j@x' });
    expect(await changelogSince(mirror, await mirror.resolveBranch('main'), 'gone')).toHaveLength(3);
  });
});

test('a tarball is made once per commit, name and top directory, and kept', async () => {
  const commit = await upstream.commit();
  await mirror.fetch();
  const directory = join(scope.path, 'tarballs');
  await mkdir(join(scope.path, 'scratch'));
  const limits = { memory: 2 ** 28, processes: 50, disk: 2 ** 26, time: 30, output: 2 ** 20 };
  const ask = (topDirectory: string) =>
    sourceTarball({
      tree: { mirror, commit, topDirectory, limits: { bytes: 1e6 }, submoduleMirrors: join(scope.path, 'git') },
      name: 'a',
      rule: { from: 'archive', command: [], submodules: false },
      jail: { openJail, limits, scratch: join(scope.path, 'scratch') },
      directory,
    });
  const [first, same] = await Promise.all([ask('a-1'), ask('a-1')]);
  expect(first).toBe(same);
  const { ino } = await stat(first);
  expect((await stat(await ask('a-1'))).ino).toBe(ino);
  expect(names(await ask('a-2'))[0]).toBe('a-2/');
  expect(gunzipSync(await readFile(first)).length % 512).toBe(0);
  expect((await readdir(join(first, '..'))).every((name) => !name.startsWith('.tmp'))).toBe(true);
});
