import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openInput } from '../../../src/drivers/formats/confined-reading.ts';
import { createDebInspection } from '../../../src/drivers/formats/deb/inspect.ts';
import { createInspector } from '../../../src/drivers/formats/inspection.ts';
import { linkTogether } from '../../../src/drivers/formats/linked-files.ts';
import { createRpmInspection } from '../../../src/drivers/formats/rpm/inspect.ts';
import { openJail } from '../../../src/lib/jail/index.ts';
import { makeDebs } from '../../bench/publish/debs.ts';
import { makeRpms } from '../../bench/publish/rpms.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trunkline-linked-test-'));
});
afterEach(() => rm(directory, { recursive: true }));

const pathOf = (_: unknown, place: number) => `${place}/package.x`;
const inputsOf = async (...names: string[]) => {
  for (const name of names) await writeFile(join(directory, name), name);
  return Promise.all(names.map((name) => openInput(join(directory, name))));
};
const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith(`trunkline-read-${process.pid}-`));

test('files are links under other names, behind a directory of our own, which goes', async () => {
  const inputs = await inputsOf('a', 'b');
  const linked = await linkTogether(inputs, pathOf);
  const top = linked?.directory ?? '';
  expect(await readFile(join(top, '1/package.x'), 'utf8')).toBe('b');
  expect((await stat(join(top, '0/package.x'))).ino).toBe((await stat(join(directory, 'a'))).ino);
  expect((await stat(dirname(top))).mode & 0o777).toBe(0o700);
  await linked?.[Symbol.asyncDispose]();
  expect(existsSync(dirname(top))).toBe(false);
  expect(await readFile(join(directory, 'b'), 'utf8')).toBe('b');
});

test('there are none where the jail could not read one, and nothing stays', async () => {
  const inputs = await inputsOf('a', 'private');
  await chmod(join(directory, 'private'), 0o600);
  expect(await linkTogether(inputs, pathOf)).toBeUndefined();
  expect(await left()).toEqual([]);
});

test('what a killed process left goes after a while, and nobody else’s', async () => {
  const [gone, ours, young] = ['4194300-old', `${process.pid}-old`, '4194300-young'].map((name) =>
    join(tmpdir(), `trunkline-read-${name}`),
  );
  for (const path of [gone, ours, young]) await mkdir(path ?? '');
  for (const path of [gone, ours]) await utimes(path ?? '', 1, 1);
  const linked = await linkTogether(await inputsOf('a'), pathOf);
  await linked?.[Symbol.asyncDispose]();
  expect([gone, ours, young].map((path) => existsSync(path ?? ''))).toEqual([false, true, true]);
  for (const path of [ours, young]) await rm(path ?? '', { recursive: true });
});

test.each([
  ['RPMs', makeRpms, createRpmInspection, '.rpm'],
  ['debs', makeDebs, createDebInspection, '.deb'],
])(
  'many %s are read, and one among them that is damaged is named',
  { timeout: 120_000 },
  async (_, make, open, end) => {
    const paths = await make(directory, 70);
    const inspector = createInspector(open(openJail));
    const found = await inspector.inspect(await Promise.all(paths.map(openInput)));
    expect(found.map(({ identity }) => identity.name)).toEqual(
      paths.map((_, n) => `bench-${String(n).padStart(6, '0')}`),
    );
    const bad = paths[40] ?? '';
    await writeFile(bad, (await readFile(bad)).subarray(0, -20));
    const again = createInspector(open(openJail));
    await expect(again.inspect(await Promise.all(paths.map(openInput)))).rejects.toMatchObject({
      code: 'package_invalid',
      where: bad,
    });
    expect(bad.endsWith(end)).toBe(true);
    expect(await left()).toEqual([]);
  },
);
