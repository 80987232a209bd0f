import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sha256 } from '../../src/lib/index.ts';
import type { HeldAttempt } from '../../src/worker/attempt.ts';
import { openRepositories } from '../../src/worker/repositories.ts';

async function scene(contents: Record<string, string>) {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-worker-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const asked: string[] = [];
  const held = {
    fetch: async (from: string, path: string) => {
      asked.push(from);
      await writeFile(path, contents[from] ?? '');
    },
  } as unknown as HeldAttempt;
  return { directory, asked, held, repositories: openRepositories(join(directory, 'repos')) };
}

const file = (content: string, fileName = 'a.rpm') => ({ sha256: sha256(content), size: content.length, fileName });
const from = (content: string) => `pool/${sha256(content)}/a.rpm`;

test('a package is fetched once, whoever asks, and is what its digest says', async () => {
  const { repositories, held, asked } = await scene({ [from('one')]: 'one', [from('two')]: 'lie' });
  const index = [{ path: 'repodata/repomd.xml', sha256: sha256(''), size: 0 }];
  const parts = { index, packages: [file('one')] };
  const both = await Promise.all(
    ['a'.repeat(64), 'b'.repeat(64)].map((hash) => repositories.snapshot(held, 't', hash, parts)),
  );
  expect(asked.filter((path) => path.startsWith('pool'))).toEqual([from('one')]);
  expect(await readdir(join(both[0]?.path ?? '', 'pool', sha256('one').slice(0, 2), sha256('one')))).toEqual(['a.rpm']);
  const lying = repositories.snapshot(held, 't', 'c'.repeat(64), { index, packages: [file('two')] });
  await expect(lying).rejects.toMatchObject({ message: expect.stringContaining('has the digest') as unknown });
  const broken = { index: [...index, file('two')].map((one) => ({ ...one, path: `x/${one.sha256}` })), packages: [] };
  const lost = repositories.snapshot(held, 't', 'd'.repeat(64), broken);
  await expect(lost).rejects.toMatchObject({ message: expect.stringContaining('has the digest') as unknown });
  // Nothing half made stays.
  expect((await readdir(join(both[0]?.path ?? '', '..'))).sort()).toEqual(['a'.repeat(64), 'b'.repeat(64)]);
});

test.each(['../x', '/etc/x', 'a/../../x'])('the path %s of a server is not written to', async (path) => {
  const { repositories, held, directory } = await scene({});
  const parts = { index: [{ path, sha256: sha256(''), size: 0 }], packages: [] };
  await expect(repositories.snapshot(held, 't', 'a'.repeat(64), parts)).rejects.toMatchObject({ code: 'unsupported' });
  expect(await readdir(directory)).toEqual(['repos']);
});

test('what was used longest ago goes first, until the rest is small enough', async () => {
  const { repositories, directory } = await scene({});
  const pool = join(directory, 'repos/t/pool');
  for (const [n, name] of ['old', 'middle', 'new'].entries()) {
    const place = join(pool, 'aa', name);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'x.rpm'), 'x'.repeat(100));
    await utimes(place, n + 1000, n + 1000);
  }
  for (const name of ['x', '.tmp-killed']) await mkdir(join(directory, 'repos/t/snapshots', name), { recursive: true });
  await repositories.prune(300);
  expect(await readdir(join(directory, 'repos/t/snapshots'))).toEqual(['x']);
  expect((await readdir(join(pool, 'aa'))).sort()).toEqual(['middle', 'new', 'old']);
  await repositories.prune(150);
  expect(await readdir(join(pool, 'aa'))).toEqual(['new']);
  expect(await readdir(join(directory, 'repos/t'))).toEqual(['pool']);
});
