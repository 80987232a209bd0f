import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PackageFile } from '../../src/model/index.ts';
import { sha256 } from '../../src/lib/index.ts';
import {
  buildDirectoryPath,
  canonicalManifest,
  diffManifests,
  emptyManifest,
  manifestHash,
  nextManifest,
  type Manifest,
} from '../../src/repos/index.ts';

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

const publish = (manifest: Manifest, project: string, ...packages: PackageFile[]) =>
  nextManifest(manifest, { project, sequence: 1, packages });

describe('nextManifest', () => {
  test('replaces all packages of the project by the new ones, and no others', () => {
    const first = publish(emptyManifest('t'), 'one', file('a'), file('a-libs'), file('a', '1', 'source'));
    const second = publish(first, 'two', file('b'));
    const third = publish(second, 'one', file('a', '2'), file('a', '2', 'source'));
    expect(third.packages.map((one) => one.fullName)).toEqual(['a-2-1.noarch', 'a-2-1.src', 'b-1-1.noarch']);
    expect(diffManifests(second, third)).toEqual({
      added: third.packages.slice(0, 2),
      removed: second.packages.filter((one) => one.project === 'one'),
    });
  });

  test('refuses a package name that another project owns, naming both', () => {
    const first = publish(emptyManifest('t'), 'one', file('a'), file('shared'));
    expect(() => publish(first, 'two', file('shared', '2'))).toThrow(
      /The binary package name shared belongs to the project one in t \(shared-1-1.noarch\); two cannot publish shared-2-1.noarch/,
    );
    const moved = publish(publish(first, 'one', file('a')), 'two', file('shared', '2'));
    expect(moved.packages.map((one) => `${one.project} ${one.name}`)).toEqual(['one a', 'two shared']);
  });

  test('takes a source and a binary package of one name from two projects', () => {
    const both = publish(publish(emptyManifest('t'), 'one', file('a', '1', 'source')), 'two', file('a'));
    expect(both.packages).toHaveLength(2);
  });

  test('refuses two contents under one full name, and takes the same content twice as one', () => {
    expect(() => publish(emptyManifest('t'), 'one', file('a'), file('a', '1', 'binary', 'other'))).toThrow(
      /a-1-1.noarch is in t as [0-9a-f]{64} already, and cannot be [0-9a-f]{64} too/,
    );
    expect(publish(emptyManifest('t'), 'one', file('a'), file('a')).packages).toHaveLength(1);
  });

  test('does not depend on the order in which projects came', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(names, fc.infiniteStream(fc.nat()), (projects, order) => {
        const shuffled = projects.map((name) => [order.next().value, name] as const).sort(([a], [b]) => a - b);
        const add = (manifest: Manifest, name: string) => publish(manifest, name, file(name), file(`${name}.x`));
        const one = projects.reduce(add, emptyManifest('t'));
        const other = shuffled.map(([, name]) => name).reduce(add, emptyManifest('t'));
        expect(manifestHash(other)).toBe(manifestHash(one));
        expect(canonicalManifest(other)).toBe(canonicalManifest(one));
      }),
    );
  });
});

test('the hash is of the packages and the target, and of nothing else', () => {
  const manifest = publish(emptyManifest('t'), 'one', file('a'));
  expect(manifestHash(manifest)).toBe(sha256(canonicalManifest(manifest)));
  expect(manifestHash(JSON.parse(canonicalManifest(manifest)) as Manifest)).toBe(manifestHash(manifest));
  expect(manifestHash({ ...manifest, target: 'u' })).not.toBe(manifestHash(manifest));
  expect(manifestHash(emptyManifest('t'))).toMatch(/^[0-9a-f]{64}$/);
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
