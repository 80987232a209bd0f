import { chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../../../src/lib/index.ts';
import { createDiskStore } from '../../../src/drivers/stores/disk/index.ts';

let directory: string;
let pool: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trunkline-store-'));
  pool = join(directory, 'pool');
});

afterEach(() => rm(directory, { recursive: true }));

async function fileOf(content: string, fileName: string) {
  const path = join(directory, `built-${fileName}`);
  await writeFile(path, content);
  return { path, sha256: sha256(content), size: content.length, fileName };
}

test('keeps a file under its digest and name; a second time is free', async () => {
  const store = createDiskStore({ directory: pool });
  const file = await fileOf('content', 'hello-1-1.noarch.rpm');
  expect(await store.has(file.sha256, file.fileName)).toBe(false);
  const href = await store.put(file);
  expect(href).toBe(`${file.sha256.slice(0, 2)}/${file.sha256}/hello-1-1.noarch.rpm`);
  expect(store.hrefOf(file.sha256, file.fileName)).toBe(href);
  expect(await readFile(join(pool, href), 'utf8')).toBe('content');
  expect(await store.has(file.sha256, file.fileName)).toBe(true);

  await rm(file.path);
  expect(await store.put(file)).toBe(href);
});

test('brings back what lies damaged in its place, whatever its size', async () => {
  const store = createDiskStore({ directory: pool });
  const file = { ...(await fileOf('content', 'x_1-1.dsc')), companions: [await fileOf('tarball', 'x_1.orig.tar.gz')] };
  const place = join(pool, await store.put(file));
  for (const damaged of [place, join(place, '..', 'x_1.orig.tar.gz')]) {
    const before = await readFile(damaged, 'utf8');
    await rm(damaged);
    await writeFile(damaged, before.toUpperCase());
    await store.put(file);
    expect(await readFile(damaged, 'utf8')).toBe(before);
  }
});

test('puts companions beside the file, and completes what a crash left of it', async () => {
  const store = createDiskStore({ directory: pool });
  const companions = [await fileOf('tarball', 'x_1.orig.tar.gz'), await fileOf('packaging', 'x_1-1.debian.tar.xz')];
  const dsc = { ...(await fileOf('dsc', 'x_1-1.dsc')), companions };
  const href = await store.put(dsc);
  const place = join(pool, href, '..');
  expect((await readdir(place)).sort()).toEqual(['x_1-1.debian.tar.xz', 'x_1-1.dsc', 'x_1.orig.tar.gz']);
  await rm(join(place, 'x_1-1.debian.tar.xz'));
  await rm(join(place, 'x_1.orig.tar.gz'));
  await writeFile(join(place, 'x_1.orig.tar.gz'), '');
  await store.put(dsc);
  expect(await readFile(join(place, 'x_1-1.debian.tar.xz'), 'utf8')).toBe('packaging');
  expect(await readFile(join(place, 'x_1.orig.tar.gz'), 'utf8')).toBe('tarball');
});

test('refuses a file that is not what its digest says, and leaves nothing', async () => {
  const store = createDiskStore({ directory: pool });
  const file = await fileOf('content', 'a.rpm');
  await writeFile(file.path, 'CONTENT');
  await expect(store.put(file)).rejects.toMatchObject({ code: 'store_damaged', where: file.path });
  await writeFile(file.path, 'cont');
  await expect(store.put(file)).rejects.toMatchObject({ code: 'store_damaged' });
  expect(await store.has(file.sha256, file.fileName)).toBe(false);
  expect((await readdir(pool)).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
});

test('follows no link in the place of a file', async () => {
  const store = createDiskStore({ directory: pool });
  const file = await fileOf('content', 'a.rpm');
  await copyFile(file.path, join(directory, 'elsewhere'));
  await rm(file.path);
  await symlink(join(directory, 'elsewhere'), file.path);
  await expect(store.put(file)).rejects.toMatchObject({ code: 'store_damaged' });
});

test('is readable for a web server and takes no place outside the pool', async () => {
  const store = createDiskStore({ directory: pool });
  const file = await fileOf('content', 'a.rpm');
  const href = await store.put(file);
  expect((await stat(join(pool, href))).mode & 0o777).toBe(0o644);
  for (const name of ['../a', 'a/b', '.hidden', '-rf', '', 'a\nb'])
    expect(() => store.hrefOf(file.sha256, name)).toThrow(/cannot be a file of a store/);
  expect(() => store.hrefOf('../../etc', 'passwd')).toThrow(/cannot be a file of a store/);
});

test('copies a file that belongs to another user, who could write to a hard link', async () => {
  const store = createDiskStore({ directory: pool });
  const [foreign, own] = [await fileOf('one', 'a.rpm'), await fileOf('two', 'b.rpm')];
  await chown(foreign.path, 65534, 65534);
  const kept = await stat(join(pool, await store.put(foreign)));
  expect([kept.nlink, kept.uid]).toEqual([1, process.getuid?.()]);
  expect((await stat(join(pool, await store.put(own)))).nlink).toBe(2);
});

test('twenty calls at once for one file leave one file', async () => {
  const store = createDiskStore({ directory: pool });
  const file = await fileOf('content', 'a.rpm');
  const hrefs = await Promise.all(Array.from({ length: 20 }, () => store.put(file)));
  expect(new Set(hrefs).size).toBe(1);
  expect(await readdir(join(pool, hrefs[0] ?? '', '..'))).toEqual(['a.rpm']);
});

test('a hundred files at once come as one does, and nothing comes where one of them is damaged', async () => {
  const store = createDiskStore({ directory: pool });
  const files = await Promise.all(
    Array.from({ length: 100 }, async (_, n) => ({
      ...(await fileOf(`content ${String(n)}`, `p${String(n)}.dsc`)),
      companions: [await fileOf(`tarball ${String(n)}`, `p${String(n)}.tar.gz`)],
    })),
  );
  const broken = files[99];
  await writeFile(broken?.path ?? '', 'changed 99');
  await expect(store.putAll(files)).rejects.toMatchObject({ code: 'store_damaged', where: broken?.path });
  expect(await readdir(pool)).toEqual([]);
  await writeFile(broken?.path ?? '', 'content 99');
  await store.put(files[0] ?? (await fileOf('', 'none')));
  await store.putAll(files);
  for (const [n, { sha256: digest, fileName }] of files.entries()) {
    const place = join(pool, store.hrefOf(digest, fileName));
    expect(await readFile(place, 'utf8')).toBe(`content ${String(n)}`);
    expect(await readFile(join(place, '..', `p${String(n)}.tar.gz`), 'utf8')).toBe(`tarball ${String(n)}`);
  }
  await store.putAll(files);
  expect((await readdir(pool)).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
});

test('recover removes what a killed run left, and nothing else', async () => {
  const store = createDiskStore({ directory: pool });
  await store.recover();
  const href = await store.put(await fileOf('content', 'a.rpm'));
  await mkdir(join(pool, '.tmp-abc'));
  await writeFile(join(pool, '.tmp-abc', 'half'), 'ha');
  await store.recover();
  expect(await readdir(pool)).toEqual([href.slice(0, 2)]);
});
