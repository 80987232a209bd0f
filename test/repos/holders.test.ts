import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/lib/index.ts';
import type { ManifestPackage } from '../../src/repos/index.ts';
import { holdersOf } from '../../src/repos/tree/holders.ts';
import { openTree } from '../../src/repos/tree/tree.ts';
import { memoryNodes } from './snapshots.ts';

function packageOf(project: string, n: number, version: number): ManifestPackage {
  const name = `${project}-${String(n)}`;
  const fullName = `${name}-${String(version)}-1.noarch`;
  const identity = { name, fullName, fileName: `${fullName}.rpm`, arch: 'noarch', kind: 'binary' as const };
  return { ...identity, project, sequence: version, sha256: sha256(fullName), size: 1 };
}

/** Projects, each with how many packages of which version it gets in turn; none takes it away. */
const steps = fc.array(
  fc.record({ project: fc.nat({ max: 30 }), size: fc.nat({ max: 20 }), version: fc.nat({ max: 3 }) }),
  { minLength: 1, maxLength: 60 },
);

test('a package is found in every snapshot that has it, and in no other', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (changes) => {
      const store = memoryNodes();
      const tree = openTree(store);
      const roots: string[] = [];
      const wanted = new Map<string, ManifestPackage>();
      for (const { project, size, version } of changes) {
        const name = `p${String(project)}`;
        const packages = Array.from({ length: size }, (_, n) => packageOf(name, n, version));
        const root = await tree.replace(roots.at(-1) ?? null, name, packages);
        await tree.keep(root);
        if (!roots.includes(root)) roots.push(root);
        for (const one of packages) wanted.set(one.sha256, one);
      }
      const nowhere = packageOf('p0', 99, 0);
      const asked = [...wanted.values(), nowhere];
      const expected: string[][] = asked.map(() => []);
      for (const root of roots) {
        const listed = new Set((await tree.list(root)).map((one) => one.sha256));
        for (const [n, one] of asked.entries()) if (listed.has(one.sha256)) expected[n]?.push(root);
      }
      expect(await holdersOf(store, roots, asked)).toEqual(expected);
    }),
    { numRuns: process.env.TRUNKLINE_TEST_LONG === undefined ? 40 : 500 },
  );
}, 240_000);

test('what it reads grows with the ways to a package, not with the snapshots’ lists', async () => {
  const store = memoryNodes();
  const tree = openTree(store);
  const first = new Map(Array.from({ length: 400 }, (_, n) => [`p${String(n)}`, [packageOf(`p${String(n)}`, 0, 0)]]));
  let root = await tree.replaceAll(null, first);
  await tree.keep(root);
  const roots = [root];
  for (let version = 1; version <= 300; version += 1) {
    const project = `p${String((version * 7) % 400)}`;
    root = await tree.replace(root, project, [packageOf(project, 0, version)]);
    await tree.keep(root);
    roots.push(root);
  }
  let read = 0;
  const counting = {
    read: (hashes: readonly string[]) => {
      read += hashes.length;
      return store.read(hashes);
    },
  };
  const [holders] = await holdersOf(counting, roots, [packageOf('p7', 0, 1)]);
  expect(holders).toEqual(roots.slice(1));
  // The root of each, and below it one in four, one in sixteen…
  expect(read).toBeLessThan(roots.length * 1.6);
});

test('a list that was changed in the database is not believed', async () => {
  const store = memoryNodes();
  const tree = openTree(store);
  const one = packageOf('p', 0, 0);
  const root = await tree.replace(null, 'p', [one]);
  await tree.keep(root);
  store.texts.set(root, (store.texts.get(root) ?? '').replace('"size":1', '"size":2'));
  await expect(holdersOf(store, [root], [one])).rejects.toMatchObject({ code: 'store_damaged' });
});
