import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/lib/index.ts';
import type { PackageFile, PackageFormat, Store } from '../../src/model/index.ts';
import { openFragmentPacks } from '../../src/repos/fragment-packs.ts';
import { openFragments } from '../../src/repos/fragments.ts';
import { layoutOf } from '../../src/repos/layout.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trunkline-packs-'));
});
afterEach(() => rm(directory, { recursive: true }));

const entries = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => {
    const text = `${'ü'.repeat(n % 7)} entry ${n + from}`;
    return [sha256(`${n + from}`), text] as const;
  });
const open = (version = 1) => openFragmentPacks(directory, version);
const DAY = 86_400_000;

describe('packs of index entries', () => {
  test('give each entry back, in this process and the next, and one that was written meanwhile', async () => {
    const packs = open();
    const all = entries(2500);
    expect(packs.read(all[0]?.[0] ?? '')).toBeUndefined();
    await packs.write(all);
    expect(await readdir(directory)).toHaveLength(3);
    const next = open();
    for (const [digest, text] of all) expect([packs.read(digest), next.read(digest)]).toEqual([text, text]);
    expect(next.read(sha256('another'))).toBeUndefined();
    const [more = ['', '']] = entries(1, 5000);
    await open().write([more]);
    expect(next.read(more[0])).toBe(more[1]);
    expect(open(2).read(more[0])).toBeUndefined();
  });

  test('hold few large entries, and one that is larger than a pack', async () => {
    const all = ['a', 'b', 'c'].map((letter, n) => [sha256(letter), letter.repeat(n === 1 ? 20e6 : 9e6)] as const);
    await open().write(all);
    expect(await readdir(directory)).toHaveLength(3);
    for (const [digest, text] of all) expect(open().read(digest)).toBe(text);
  });

  test('give nothing for what a power cut or a bad disk left of them', async () => {
    const all = entries(20);
    await open().write(all);
    const [name = ''] = await readdir(directory);
    const whole = await readFile(join(directory, name));
    for (let length = 0; length < whole.length; length += 13) {
      await writeFile(join(directory, name), whole.subarray(0, length));
      const packs = open();
      for (const [digest, text] of all) expect([text, undefined]).toContain(packs.read(digest));
    }
    const huge = Buffer.from(whole);
    huge.writeUInt32BE(0xffff_ffff);
    for (const damaged of [Buffer.alloc(whole.length), huge, Buffer.alloc(whole.length, '[')]) {
      await writeFile(join(directory, name), damaged);
      const packs = open();
      for (const [digest] of all) expect(packs.read(digest)).toBeUndefined();
    }
    const sizes = Buffer.from(whole.toString('latin1').replace(/,[0-9]\]/, ',9e9]'), 'latin1');
    await writeFile(join(directory, name), sizes);
    expect(open().read(all[0]?.[0] ?? '')).toBeUndefined();
  });

  test('are unused when no package has an entry in them, and nobody wrote them for a while', async () => {
    const [first, second] = [entries(3), entries(3, 3)];
    const packs = open();
    await packs.write(first);
    const [old = ''] = await readdir(directory);
    await packs.write(second);
    const known = new Set([second[1]?.[0] ?? '']);
    expect(packs.unused(known, Date.now(), DAY)).toEqual([]);
    expect(packs.unused(known, Date.now() + 2 * DAY, DAY)).toEqual([join(directory, old)]);
    expect(open().unused(new Set([first[0]?.[0] ?? '', ...known]), Date.now() + 2 * DAY, DAY)).toEqual([]);
  });
});

describe('fragments of many packages', () => {
  const files = entries(100).map(
    ([sha256], n) => ({ sha256, path: `/packages/${n}`, size: 1 }) as unknown as PackageFile,
  );
  const openAll = (made: string[]) => {
    const format = {
      fragmentVersion: 1,
      fragments: (some: readonly PackageFile[]) => {
        made.push(...some.map((file) => file.path));
        return Promise.resolve(some.map((file) => ({ primary: `entry of ${file.path}` })));
      },
    } as unknown as PackageFormat;
    return openFragments(layoutOf(directory), format, {} as Store);
  };

  test('are kept together, read by the next process, and taken away when none of the packages is left', async () => {
    const made: string[] = [];
    const first = openAll(made);
    await first.keep(files, await first.ofFiles(files));
    expect(made).toHaveLength(100);
    expect(await readdir(join(directory, 'fragments'))).toEqual(['packs']);
    const again = openAll(made);
    expect(await again.ofFiles(files)).toEqual(files.map((file) => ({ primary: `entry of ${file.path}` })));
    expect(made).toHaveLength(100);

    const [pack = ''] = await readdir(join(directory, 'fragments', 'packs'));
    await utimes(join(directory, 'fragments', 'packs', pack), 1, 1);
    await again.sweep(new Set([files[5]?.sha256 ?? '']), Date.now());
    expect(await readdir(join(directory, 'fragments', 'packs'))).toEqual([pack]);
    await again.sweep(new Set(), Date.now());
    expect(await readdir(join(directory, 'fragments', 'packs'))).toEqual([]);
    await openAll(made).ofFiles(files.slice(0, 1));
    expect(made).toHaveLength(101);
  });
});
