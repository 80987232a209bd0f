import { expect, test } from 'vitest';
import { sha256 } from '../../src/lib/index.ts';
import { packageChanges, type ManifestPackage } from '../../src/repos/index.ts';

function rpm(
  name: string,
  version: string,
  { kind = 'binary' as const, arch = 'x86_64', project = 'tool' } = {},
): ManifestPackage {
  const fullName = `${name}-${version}.${arch}`;
  const file = { fullName, fileName: `${fullName}.rpm`, sha256: sha256(fullName), size: 1 };
  return { project, sequence: 1, name, kind, arch, ...file };
}

function deb(name: string, version: string): ManifestPackage {
  return { ...rpm(name, version), fullName: `${name}_${version}_amd64`, arch: 'amd64' };
}

const summary = (changes: ReturnType<typeof packageChanges>) =>
  changes.map(({ change, name, before, after }) => [change, name, before, after]);

test('packages go up and down as rpm orders them, epochs and carets included', () => {
  const removed = [rpm('a', '1.2^20260101.gitabc-1'), rpm('b', '1:1.0-1'), rpm('c-d', '1.0~rc1-1'), rpm('old', '1-1')];
  const added = [rpm('a', '1.2-1'), rpm('b', '9.0-1'), rpm('c-d', '1.0-1'), rpm('new', '1-1')];
  expect(summary(packageChanges('rpm', { added, removed }))).toEqual([
    ['down', 'a', '1.2^20260101.gitabc-1', '1.2-1'],
    ['down', 'b', '1:1.0-1', '9.0-1'],
    ['up', 'c-d', '1.0~rc1-1', '1.0-1'],
    ['added', 'new', null, '1-1'],
    ['removed', 'old', '1-1', null],
  ]);
});

test('dpkg has another order', () => {
  const changes = packageChanges('deb', { removed: [deb('a', '1.0+git1-1')], added: [deb('a', '1.0~git2-1')] });
  expect(summary(changes)).toEqual([['down', 'a', '1.0+git1-1', '1.0~git2-1']]);
});

test('a package that changed its architecture is one package; two of one name are not guessed at', () => {
  const one = packageChanges('rpm', { removed: [rpm('a', '1-1')], added: [rpm('a', '2-1', { arch: 'noarch' })] });
  expect(summary(one)).toEqual([['up', 'a', '1-1', '2-1']]);
  const removed = [rpm('a', '1-1'), rpm('a', '1-1', { arch: 'i686' })];
  const two = packageChanges('rpm', { removed, added: [rpm('a', '2-1', { arch: 'noarch' })] });
  expect(summary(two).map(([change]) => change)).toEqual(['removed', 'added', 'removed']);
});
