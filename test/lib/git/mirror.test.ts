import { spawn } from 'node:child_process';
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMirror, type Mirror } from '../../../src/lib/git/index.ts';
import { createFixture, temporaryDirectory, type Fixture } from './fixture.ts';
import { sampled } from '../../sampled.ts';

let scope: Awaited<ReturnType<typeof temporaryDirectory>>;
let upstream: Fixture;
let mirror: Mirror;

beforeEach(async () => {
  scope = await temporaryDirectory();
  upstream = await createFixture(join(scope.path, 'upstream'));
  mirror = await openMirror(join(scope.path, 'git'), upstream.path);
});
afterEach(() => scope[Symbol.asyncDispose]());

test('a fetch brings branches and tags, and the next one what is new', async () => {
  const [first = '', second = ''] = await upstream.commits([{}, {}]);
  await upstream.git('tag', 'v1', first);
  await mirror.fetch();
  expect(await mirror.resolveBranch('main')).toBe(second);
  expect(await mirror.reachableTags(second)).toEqual(['v1']);
  const third = await upstream.commit();
  expect(await mirror.hasCommit(third)).toBe(false);
  await mirror.fetch();
  expect(await mirror.resolveBranch('main')).toBe(third);
});

test('forced, deleted and renamed branches and moved tags are followed; what was built stays readable', async () => {
  const [a = '', b = ''] = await upstream.commits([{}, {}]);
  await upstream.git('tag', 'v1', a);
  await upstream.git('branch', 'topic', a);
  await mirror.fetch();
  const c = await upstream.commit({ parent: a, time: 5 });
  await upstream.git('tag', '-f', 'v1', c);
  await upstream.git('branch', '-D', 'topic');
  await upstream.git('branch', 'topic/deeper', a);
  await mirror.fetch();
  expect(await mirror.resolveBranch('main')).toBe(c);
  expect(await mirror.resolveBranch('topic/deeper')).toBe(a);
  expect(await mirror.resolveCommit('refs/tags/v1')).toBe(c);
  await expect(mirror.resolveBranch('topic')).rejects.toMatchObject({ code: 'not_found' });
  expect((await mirror.commitInfo(b)).hash).toBe(b);
});

sampled('forty fetches leave few packs and lose nothing, forced-away commits included', async () => {
  const lost = await upstream.commit({ message: 'forced away' });
  await mirror.fetch();
  let tip = await upstream.commit({ parent: null });
  for (let n = 0; n < 42; n++) {
    tip = await upstream.commit();
    await upstream.git('tag', `v${n}`, tip);
    await mirror.fetch();
  }
  const packs = (await readdir(join(mirror.path, 'objects/pack'))).filter((name) => name.endsWith('.pack'));
  expect(packs.length).toBeLessThan(15);
  expect(await mirror.firstParentCount(tip)).toBe(43);
  expect((await mirror.commitInfo(lost)).subject).toBe('forced away');
  expect(await mirror.reachableTags(tip)).toHaveLength(42);
});

test('an empty repository, a missing branch and a name that is none are told apart', async () => {
  await mirror.fetch();
  await expect(mirror.resolveBranch('main')).rejects.toMatchObject({
    code: 'source_invalid',
    message: expect.stringContaining('empty') as string,
    where: upstream.path,
  });
  await upstream.commit({ branch: 'master' });
  for (const n of Array(8).keys()) await upstream.git('branch', `stable/${n}.0`, 'master');
  await mirror.fetch();
  await expect(mirror.resolveBranch('stable/3.1')).rejects.toMatchObject({
    code: 'not_found',
    hint: expect.stringMatching(/^the branches are: stable\/3\.0, .* and 4 more$/) as string,
  });
  for (const name of ['', '-q', '--all', 'a..b', 'a b', 'x.lock', 'a^', 'a/.b', '@{u}', 'a\n'])
    await expect(mirror.resolveBranch(name)).rejects.toMatchObject({ code: 'source_invalid' });
});

test('HEAD is the default branch, as it changes', async () => {
  const main = await upstream.commit();
  const other = await upstream.commit({ branch: 'other' });
  await mirror.fetch();
  expect(await mirror.resolveBranch('HEAD')).toBe(main);
  await upstream.git('symbolic-ref', 'HEAD', 'refs/heads/other');
  await mirror.fetch();
  expect(await mirror.resolveBranch('HEAD')).toBe(other);
  await upstream.git('symbolic-ref', 'HEAD', 'refs/heads/gone');
  const later = await upstream.commit();
  await mirror.fetch();
  expect(await mirror.resolveBranch('main')).toBe(later);
  await expect(mirror.resolveBranch('HEAD')).rejects.toMatchObject({ code: 'not_found' });
});

test('a repository that cannot be reached says so without its password', async () => {
  const gone = await openMirror(join(scope.path, 'git'), 'http://user:geheimnis@127.0.0.1:9/x.git');
  const error = await gone.fetch().catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'project_unreachable', where: expect.stringContaining('127.0.0.1:9') as string });
  expect(JSON.stringify([error, String(error), (error as Error).message])).not.toContain('geheimnis');
  expect(await readFile(join(gone.path, 'config'), 'utf8')).not.toContain('geheimnis');
  const missing = await openMirror(join(scope.path, 'git'), join(scope.path, 'nothing'));
  await expect(missing.fetch()).rejects.toMatchObject({ code: 'project_unreachable' });
});

test('two that fetch at once take turns, and two that open at once share', async () => {
  await upstream.commits(Array.from({ length: 200 }, () => ({})));
  const url = upstream.path;
  const directory = join(scope.path, 'shared');
  const mirrors = await Promise.all(Array.from({ length: 4 }, () => openMirror(directory, url)));
  await Promise.all(mirrors.map((one) => one.fetch()));
  expect(await mirrors[0]?.firstParentCount((await mirrors[3]?.resolveBranch('main')) ?? '')).toBe(200);
  expect((await readdir(directory)).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
});

test('locks and half packs that a killed git left behind do not hurt', async () => {
  const [tip = ''] = await upstream.commits([{}]);
  await mirror.fetch();
  const next = await upstream.commit();
  await mkdir(join(mirror.path, 'refs/heads'), { recursive: true });
  for (const name of ['refs/heads/main.lock', 'packed-refs.lock', 'shallow.lock', 'objects/pack/tmp_pack_x'])
    await writeFile(join(mirror.path, name), 'left behind');
  expect(await mirror.resolveBranch('main')).toBe(tip);
  await mirror.fetch();
  expect(await mirror.resolveBranch('main')).toBe(next);
  await expect(stat(join(mirror.path, 'objects/pack/tmp_pack_x'))).rejects.toThrow();
});

sampled('a process that is killed while it fetches leaves a mirror that the next one completes', async () => {
  const tips = await upstream.commits(
    Array.from({ length: 1000 }, (_, n) => ({ files: { [`file-${n}`]: `${'x'.repeat(500)}${n}` } })),
  );
  const program = `import { openMirror } from ${JSON.stringify(join(process.cwd(), 'src/lib/git/index.ts'))};
    const mirror = await openMirror(process.argv[1], process.argv[2]);
    console.log('ready'); await mirror.fetch();`;
  const directory = join(scope.path, 'killed');
  for (const wait of [0, 15, 60]) {
    await rm(directory, { recursive: true, force: true });
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, directory, upstream.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await delay(wait);
    child.kill('SIGKILL');
    const again = await openMirror(directory, upstream.path);
    await again.fetch();
    expect(await again.resolveBranch('main')).toBe(tips.at(-1));
    expect(await again.firstParentCount(tips.at(-1) ?? '')).toBe(1000);
  }
});

test('an aborted fetch ends at once', async () => {
  await upstream.commit();
  const controller = new AbortController();
  controller.abort();
  await expect(mirror.fetch({ signal: controller.signal })).rejects.toMatchObject({ code: 'process_failed' });
  await mirror.fetch();
});

test("a repository of another user is read when a person chose it, and refused when a submodule's address led there", async () => {
  await upstream.commit();
  await chown(upstream.path, 65534, 65534);
  await mirror.fetch();
  const submodule = await openMirror(join(scope.path, 'submodules'), upstream.path, { submodule: true });
  await expect(submodule.fetch()).rejects.toMatchObject({
    code: 'source_invalid',
    message: expect.stringContaining('another user') as string,
  });
});

test('what a hostile repository brings along is not run', async () => {
  const mark = join(scope.path, 'ran');
  await upstream.commit({ files: { '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ext::touch ${mark}\n` } });
  await upstream.git('update-ref', 'refs/heads/--upload-pack=touch', 'main');
  for (const hook of ['post-upload-pack', 'reference-transaction', 'pre-receive']) {
    await mkdir(join(upstream.path, 'hooks'), { recursive: true });
    await writeFile(join(upstream.path, 'hooks', hook), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
  }
  await upstream.git('config', 'uploadpack.packObjectsHook', `touch ${mark}`);
  await mirror.fetch();
  await expect(stat(mark)).rejects.toThrow();
});

test('a fetch larger than allowed is refused', async () => {
  const noise = Buffer.alloc(300_000);
  crypto.getRandomValues(noise.subarray(0, 65536));
  for (let at = 65536; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
  await upstream.commit({ files: { noise } });
  await expect(mirror.fetch({ maxBytes: 100_000 })).rejects.toMatchObject({ code: 'source_invalid' });
  await mirror.fetch();
});

test('a commit that no branch leads to can be fetched by its name', async () => {
  const [base = '', hidden = ''] = await upstream.commits([{}, {}]);
  await upstream.force('main', base);
  await mirror.fetch();
  await upstream.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  await mirror.fetchCommit(hidden);
  expect(await mirror.hasCommit(hidden)).toBe(true);
  await expect(mirror.fetchCommit('-x')).rejects.toMatchObject({ code: 'invalid_argument' });
  await expect(mirror.fetchCommit('0'.repeat(39) + '1')).rejects.toMatchObject({ code: 'source_invalid' });
});
