import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMirror, type Mirror } from '../../../src/lib/git/index.ts';
import { createFixture, temporaryDirectory, type Fixture } from './fixture.ts';

let scope: Awaited<ReturnType<typeof temporaryDirectory>>;
let upstream: Fixture;
let mirror: Mirror;

beforeEach(async () => {
  scope = await temporaryDirectory();
  upstream = await createFixture(join(scope.path, 'upstream'));
  mirror = await openMirror(join(scope.path, 'git'), upstream.path);
});
afterEach(() => scope[Symbol.asyncDispose]());

test('a commit is told as it is, whatever its texts hold', async () => {
  const hashes = await upstream.commits([
    { time: 1_700_000_000, message: 'Subject: “quoted”\n\nBody\n', author: 'Ada Lovelace <ada@example.org>' },
    { message: '\u001b[31mred\ttab\r\u0085\u2028line', author: 'x;touch /tmp/x <$(id)@%(id)>' },
    { message: Buffer.from([0x63, 0x61, 0x66, 0xe9]), author: Buffer.from([0xe9, 0x20, 0x3c, 0x3e]) },
    { message: '', author: '<>' },
    { message: 'x'.repeat(100_000) },
  ]);
  await mirror.fetch();
  const { commits, below } = await mirror.firstParentWalk(null, hashes.at(-1) ?? '');
  expect(below).toBeNull();
  expect(commits.map(({ hash }) => hash)).toEqual(hashes);
  expect(commits[0]).toEqual({
    hash: hashes[0],
    authorName: 'Ada Lovelace',
    authorEmail: 'ada@example.org',
    authorTime: 1_700_000_000,
    committerTime: 1_700_000_000,
    subject: 'Subject: “quoted”',
  });
  expect(commits[1]).toMatchObject({
    subject: '[31mred tab line',
    authorName: 'x;touch /tmp/x',
    authorEmail: '$(id)@%(id)',
  });
  expect(commits[2]).toMatchObject({ subject: 'caf\ufffd', authorName: '\ufffd', authorEmail: '' });
  expect(commits[3]).toMatchObject({ subject: '', authorName: '', authorEmail: '' });
  expect(commits[4]?.subject).toHaveLength(500);
  expect(await mirror.commitInfo(hashes[1] ?? '')).toEqual(commits[1]);
  await expect(mirror.commitInfo('f'.repeat(40))).rejects.toMatchObject({ code: 'not_found' });
  await expect(mirror.commitInfo('HEAD')).rejects.toMatchObject({ code: 'not_found' });
});

test('commits that git could not have written are still told', async () => {
  const tree = await upstream.feed('', 'mktree');
  const write = (text: string) => upstream.feed(text, 'hash-object', '-t', 'commit', '-w', '--literally', '--stdin');
  const odd = await write(`tree ${tree}\nauthor nobody\ncommitter A <a@b> 99999999999999999999 +0000\n\nx\n`);
  const far = await write(
    `tree ${tree}\nparent ${odd}\nauthor A <a@b> -5 +9999\ncommitter A <a@b> 17179869999 +0000\n\n\u0000y`,
  );
  await upstream.force('main', far);
  await mirror.fetch();
  const before = await mirror.utcOf(far);
  const { commits } = await mirror.firstParentWalk(null, far);
  expect(commits.map(({ hash }) => hash)).toEqual([odd, far]);
  // 2514, 34 bits of it: the commit-graph that the next fetch writes must not change it.
  await upstream.commit();
  await mirror.fetch();
  const again = await openMirror(join(scope.path, 'git'), upstream.path);
  expect(await again.utcOf(far)).toBe(before);
  expect(before).toBe(1);
});

test('counts, ancestors and merge bases follow first parents where they say so', async () => {
  const [a = '', b = ''] = await upstream.commits([{ files: { 'p/x': '1' } }, { files: { q: '1' } }]);
  const side = await upstream.commit({ branch: 'side', parent: a, files: { 'p/x': '2' } });
  const merge = await upstream.commit({ merge: [side], files: { 'p/x': '2' } });
  const orphan = await upstream.commit({ branch: 'orphan', parent: null });
  await mirror.fetch();
  expect(await mirror.firstParentCount(merge)).toBe(3);
  expect(await mirror.firstParentCount(merge, 'p')).toBe(2);
  expect(await mirror.firstParentCount(merge, '*')).toBe(0);
  expect(await mirror.lastCommitTouching(merge, 'p')).toBe(merge);
  expect(await mirror.lastCommitTouching(merge, 'q')).toBe(b);
  expect(await mirror.lastCommitTouching(merge, ':!q')).toBeUndefined();
  expect(await mirror.isAncestor(side, merge)).toBe(true);
  expect(await mirror.isAncestor(merge, side)).toBe(false);
  expect(await mirror.mergeBase(side, b)).toBe(a);
  expect(await mirror.mergeBase(orphan, b)).toBeUndefined();
  expect((await mirror.firstParentWalk(a, merge)).commits.map(({ hash }) => hash)).toEqual([b, merge]);
  expect(await mirror.firstParentWalk(side, b)).toMatchObject({ commits: [{ hash: b }], below: a });
  expect((await mirror.firstParentWalk(null, merge, { limit: 2 })).below).toBe(a);
  for (const call of [mirror.firstParentCount('--all'), mirror.firstParentWalk('-x', b), mirror.isAncestor('HEAD', b)])
    await expect(call).rejects.toMatchObject({ code: 'invalid_argument' });
});

test('a tag that is named as a branch or an option is found as a tag only', async () => {
  const [a = '', b = ''] = await upstream.commits([{}, {}]);
  await upstream.git('tag', 'main', a);
  await upstream.git('update-ref', 'refs/tags/-x', b);
  await mirror.fetch();
  expect(await mirror.resolveTag('main')).toBe(a);
  expect(await mirror.resolveBranch('main')).toBe(b);
  expect(await mirror.resolveTag('refs/heads/main')).toBeUndefined();
  expect(await mirror.resolveTag('-x')).toBeUndefined();
  expect(await mirror.reachableTags(b)).toEqual(['-x', 'main']);
  expect(await mirror.reachableTags(a)).toEqual(['main']);
});
