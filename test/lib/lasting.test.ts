import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLastingFiles, sha256, sha256File, writeAtomic } from '../../src/lib/index.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trunkline-lasting-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** As many pieces as no one system call takes, some of them empty. */
const pieces = (bytes: number) => Array.from({ length: 1300 }, (_, n) => Buffer.alloc(n % 5 === 0 ? 0 : bytes, n));

test.each([
  ['small', 7],
  ['large', 4000],
])('a %s file is what its pieces are, once', async (_, bytes) => {
  using files = openLastingFiles(1_700_000_000);
  const path = join(directory, 'a/b/file');
  const whole = Buffer.concat([...pieces(bytes), Buffer.from('ü')]);
  await files.write(path, [...pieces(bytes), 'ü']);
  await files.write(join(directory, 'a/empty'), []);
  await files.settle(directory);
  expect((await readFile(path)).equals(whole)).toBe(true);
  expect((await stat(path)).mtimeMs).toBe(1_700_000_000_000);
  expect(await sha256File(path)).toBe(sha256(whole));
  expect(await readFile(join(directory, 'a/empty'), 'utf8')).toBe('');
  await expect(files.write(path, ['again'])).rejects.toMatchObject({ code: 'EEXIST' });
  expect((await readFile(path)).equals(whole)).toBe(true);
});

test.each([10, 300_000, 5_000_000])('a file of %i bytes is replaced as a whole', async (size) => {
  const path = join(directory, 'new/file');
  for (const durable of [true, false, 'content'] as const) {
    const content = `${String(durable)} ${'ü'.repeat(size / 2)}`;
    await writeAtomic(path, content, { durable });
    expect(await readFile(path, 'utf8')).toBe(content);
  }
  expect(await readdir(join(directory, 'new'))).toEqual(['file']);
});
