import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PackageFile } from '../../src/model/index.ts';
import { sha256 } from '../../src/lib/index.ts';
import { buildDirectoryPath } from '../../src/repos/index.ts';
import { listedPackages, listedTogether } from '../../src/repos/manifest.ts';
import { createOwners } from '../../src/repos/owners.ts';
import { openTree } from '../../src/repos/tree/tree.ts';
import { memoryNodes } from './snapshots.ts';

function file(name: string, version = '1', kind: 'binary' | 'source' = 'binary', content = ''): PackageFile {
  const arch = kind === 'source' ? 'src' : 'noarch';
  const fullName = `${name}-${version}-1.${arch}`;
  return {
    ...{ path: `/nowhere/${fullName}`, sha256: sha256(`${fullName}${content}`), size: 100, companions: [] },
    identity: {
      ...{ format: 'rpm', kind, name, epoch: null, version, release: '1', arch, sourceName: name, fullName },
      ...{ fileName: `${fullName}.rpm`, summary: '', provides: [], requires: [] },
    },
  };
}

/** Snapshots over nodes in memory, as a repository makes them. */
function open(store = memoryNodes()) {
  const tree = openTree(store);
  const owners = createOwners(tree);
  const publish = async (parent: string | null, project: string, ...packages: PackageFile[]) => {
    const listed = await owners(parent, (ownerOf) => listedPackages('t', { project, sequence: 1, packages }, ownerOf));
    return tree.replace(parent, project, listed);
  };
  return { tree, publish, store };
}

const names = (packages: readonly { fullName: string }[]) => packages.map((one) => one.fullName).sort();

describe('the next snapshot', () => {
  test('has all packages of the project replaced by the new ones, and no others', async () => {
    const { tree, publish } = open();
    const first = await publish(null, 'one', file('a'), file('a-libs'), file('a', '1', 'source'));
    const second = await publish(first, 'two', file('b'));
    const third = await publish(second, 'one', file('a', '2'), file('a', '2', 'source'));
    expect(names(await tree.list(third))).toEqual(['a-2-1.noarch', 'a-2-1.src', 'b-1-1.noarch']);
    const { added, removed } = await tree.diff(second, third);
    expect([names(added), names(removed)]).toEqual([
      ['a-2-1.noarch', 'a-2-1.src'],
      ['a-1-1.noarch', 'a-1-1.src', 'a-libs-1-1.noarch'],
    ]);
    expect(names(await tree.ofProject(third, 'two'))).toEqual(['b-1-1.noarch']);
    expect(await tree.ofProject(third, 'three')).toEqual([]);
  });

  test('refuses a package name that another project owns, naming both', async () => {
    const { tree, publish } = open();
    const first = await publish(null, 'one', file('a'), file('shared'));
    await expect(publish(first, 'two', file('shared', '2'))).rejects.toThrow(
      /The binary package name shared belongs to the project one in t \(shared-1-1.noarch\); two cannot publish shared-2-1.noarch/,
    );
    const without = await publish(first, 'one', file('a'));
    const moved = await tree.list(await publish(without, 'two', file('shared', '2')));
    expect(moved.map((one) => `${one.project} ${one.name}`).sort()).toEqual(['one a', 'two shared']);
    // The names of an older snapshot are asked for after those of a newer one.
    await expect(publish(first, 'two', file('shared', '3'))).rejects.toThrow(/belongs to the project one/);
  });

  test('takes a source and a binary package of one name from two projects', async () => {
    const { tree, publish } = open();
    const both = await publish(await publish(null, 'one', file('a', '1', 'source')), 'two', file('a'));
    expect(await tree.list(both)).toHaveLength(2);
  });

  test('refuses two contents under one full name, and takes the same content twice as one', async () => {
    const { tree, publish } = open();
    await expect(publish(null, 'one', file('a'), file('a', '1', 'binary', 'other'))).rejects.toThrow(
      /a-1-1.noarch is in t as [0-9a-f]{64} already, and cannot be [0-9a-f]{64} too/,
    );
    expect(await tree.list(await publish(null, 'one', file('a'), file('a')))).toHaveLength(1);
  });
});

describe('a snapshot', () => {
  /** Projects with how many packages each is to have in turn: 0 takes it away. */
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 24 })), {
    minLength: 1,
    maxLength: 60,
  });

  test('is named by its packages alone, lists them, and tells what differs, however it came about', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (changes) => {
        const { tree, publish, store } = open();
        const model = new Map<string, PackageFile[]>();
        let hash: string | null = null;
        const seen: { hash: string; packages: string[] }[] = [];
        for (const [number, size] of changes) {
          const project = `p${String(number)}`;
          const packages = Array.from({ length: size }, (_, n) => file(`${project}-${String(n)}`, String(size)));
          model.set(project, packages);
          hash = await publish(hash, project, ...packages);
          const present = [...model.values()].flat().map((one) => one.identity);
          expect(names(await tree.list(hash))).toEqual(names(present));
          seen.push({ hash, packages: names(present) });
        }
        if (hash === null) throw new Error('no step');
        let other: string | null = null;
        for (const [project, packages] of [...model].sort()) other = await publish(other, project, ...packages);
        expect(other).toBe(hash);
        const listed = listedTogether(
          't',
          [...model].map(([project, packages]) => ({ project, sequence: 1, packages })),
          () => undefined,
        );
        expect(await tree.replaceAll(null, listed)).toBe(hash);
        expect(await tree.replaceAll(seen[0]?.hash ?? null, listed)).toBe(hash);
        const [first] = seen;
        const { added, removed } = await tree.diff(first?.hash ?? null, hash);
        const last = seen.at(-1)?.packages ?? [];
        expect(names(added)).toEqual(last.filter((name) => !first?.packages.includes(name)));
        expect(names(removed)).toEqual(first?.packages.filter((name) => !last.includes(name)));
        await tree.keep(hash);
        const again = open(store).tree;
        expect(names(await again.list(hash))).toEqual(last);
        for (const size of [
          { most: 32, group: 32 },
          { most: 64, group: 12 },
        ]) {
          const parts = await again.parts(hash, size);
          const lists = await Promise.all(parts.flatMap((part) => part.nodes.map((node) => again.list(node))));
          expect(names(lists.flat())).toEqual(last);
          expect(new Set(parts.map((part) => part.key)).size).toBe(parts.length);
        }
      }),
      { numRuns: process.env.TRUNKLINE_TEST_LONG === undefined ? 25 : 500 },
    );
  }, 240_000);

  test('is there for others only when it was kept', async () => {
    const { tree, publish, store } = open();
    const hash = await publish(null, 'one', file('a'));
    expect(await tree.has(hash)).toBe(false);
    await expect(open(store).tree.list(hash)).rejects.toMatchObject({ code: 'not_found' });
    await tree.keep(hash);
    expect(await tree.has(hash)).toBe(true);
    expect(names(await open(store).tree.list(hash))).toEqual(['a-1-1.noarch']);
  });

  test('shares with the one before all but a few nodes', async () => {
    const { tree, publish, store } = open();
    let hash: string | null = null;
    for (let n = 0; n < 1500; n += 1) hash = await publish(hash, `p${String(n)}`, file(`p${String(n)}`));
    await tree.keep(hash ?? '');
    const before = store.texts.size;
    await tree.keep(await publish(hash, 'p700', file('p700', '2')));
    expect(store.texts.size - before).toBeLessThanOrEqual(6);
  });
});

describe('buildDirectoryPath', () => {
  const place = {
    ...{ project: 'one', component: null, ownsPair: true },
    upstreamCommit: 'abcdef0123456789abcdef0123456789abcdef01',
    distgitCommit: '0123456789abcdef0123456789abcdef01234567',
  };
  const pair = 'ab/cd/abcdef0123456789abcdef0123456789abcdef01_01234567';

  test("is DLRN's", () => {
    expect(buildDirectoryPath(place)).toBe(pair);
    expect(buildDirectoryPath({ ...place, component: 'tripleo' })).toBe(`component/tripleo/${pair}`);
  });

  test('does not collide for two projects made from one pair', () => {
    const second = buildDirectoryPath({ ...place, project: 'two', ownsPair: false });
    expect(second).toBe(`${pair}_${sha256('two').slice(0, 8)}`);
    expect(buildDirectoryPath({ ...place, project: 'three', ownsPair: false })).not.toBe(second);
  });

  test('takes no path for a component or a commit', () => {
    expect(() => buildDirectoryPath({ ...place, component: '../x' })).toThrow(/cannot be the name of a component/);
    expect(() => buildDirectoryPath({ ...place, upstreamCommit: '../../../x' })).toThrow(/not both commits/);
  });
});
