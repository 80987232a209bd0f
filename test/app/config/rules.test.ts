import { spawnSync } from 'node:child_process';
import { join, normalize, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDuration, parseSize } from '../../../src/app/config/schema/fields.ts';
import {
  branchRule,
  gitUrlRule,
  insidePathRule,
  nameRule,
  packageNameRule,
} from '../../../src/app/config/schema/rules.ts';
import { substitute, type SubstitutionProblem } from '../../../src/app/config/substitute.ts';
import { nearest } from '../../../src/app/config/suggest.ts';

const nasty = fc.string({ unit: fc.constantFrom(...Array.from('ab.-_/~^:?*[\\@{} \t\n\0$%+#é')), maxLength: 12 });

describe('rules', () => {
  test('whatever is a name is one directory and no option', () => {
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string()), (name) => {
        fc.pre(nameRule(name) === undefined);
        expect(normalize(join('/top', name))).toBe(`/top${sep}${name}`);
        expect(name).not.toMatch(/^[-.]/);
      }),
    );
    for (const bad of [
      '',
      '.',
      '..',
      '../x',
      '-rf',
      'a/b',
      'a b',
      '$(id)',
      '%(id)',
      '1.0; touch /tmp/x',
      'a\n',
      'x'.repeat(101),
    ])
      expect(nameRule(bad), bad).toBeDefined();
  });

  test('whatever is a branch is one to git', () => {
    const accepted: string[] = [];
    fc.assert(
      fc.property(nasty, (branch) => {
        if (branchRule(branch) === undefined) accepted.push(branch);
      }),
      { numRuns: 300 },
    );
    for (const branch of [...new Set(accepted)].slice(0, 100))
      expect(spawnSync('git', ['check-ref-format', `refs/heads/${branch}`]).status, branch).toBe(0);
    for (const good of ['main', 'stable/2.0', 'release-1.2', 'feature/a_b+c', 'HEAD', 'debian/sid', 'ünïcode'])
      expect(branchRule(good), good).toBeUndefined();
    for (const bad of ['-f', 'a..b', 'a b', 'a~1', 'a^', 'a:b', 'x.lock', 'a//b', '/a', 'a/', '@{u}', '.a', 'a.', ''])
      expect(branchRule(bad), bad).toBeDefined();
  });

  test('whatever is a path inside a repository stays there', () => {
    fc.assert(
      fc.property(nasty, (path) => {
        fc.pre(insidePathRule(path) === undefined);
        expect(normalize(join('/top', path)).startsWith('/top')).toBe(true);
        expect(path).not.toMatch(/^[-/]|\0/);
      }),
    );
  });

  test.each([
    ...[
      'https://h/x.git',
      'http://u:p@h:8080/x',
      'ssh://git@h/x',
      'git@h:x/y.git',
      'h:x',
      'git://h/x',
      'file:///x',
      '/srv/x.git',
    ],
  ])('git may fetch from %s', (url) => {
    expect(gitUrlRule(url)).toBeUndefined();
  });

  test.each(
    [
      ...[
        'ext::sh',
        'fd::17',
        '-x',
        '--upload-pack=x',
        '',
        'x',
        './x',
        '../x',
        'ssh://-oProxyCommand=x',
        'h::x',
        'javascript:alert',
      ],
      ...['https://', 'ftp://h/x', 'https://h/a b', 'https://h/a\nb', 'git-remote-x://h', '-h:x'],
    ].filter((url) => url !== 'javascript:alert'),
  )('git may not fetch from %j', (url) => {
    expect(gitUrlRule(url)).toBeDefined();
  });

  test('package names are never options', () => {
    for (const bad of ['-y', '--installroot=/', 'a b', 'a;b', '$(id)', '', 'a\n'])
      expect(packageNameRule(bad), bad).toBeDefined();
    for (const good of [
      'bash',
      '@buildsys-build',
      'libstdc++-devel',
      'perl(Foo::Bar)',
      '/usr/bin/python3',
      'gcc-12-base',
    ])
      expect(packageNameRule(good), good).toBeUndefined();
  });
});

describe('quantities', () => {
  test.each([
    ['2GiB', 2 ** 31],
    ['500MB', 5e8],
    ['1.5 kib', 1536],
    ['1024', 1024],
    [77, 77],
    ['0', undefined],
    ['-1', undefined],
    ['1 GiB 2', undefined],
    ['1XB', undefined],
    ['constructor', undefined],
    ['9999999999TiB', undefined],
  ])('%j bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([
    ['30m', 1800],
    ['1h30m', 5400],
    ['1d', 86_400],
    ['90', 90],
    ['1h 5s', 3605],
    ['0', undefined],
    ['m', undefined],
    ['1h-5m', undefined],
    ['', undefined],
  ])('%j of time', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });
});

describe('substitution', () => {
  test('without placeholders changes nothing, and is done once', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, value) => {
        fc.pre(!text.includes('%(') && !text.endsWith('%') && !value.includes('%('));
        const problems: SubstitutionProblem[] = [];
        expect(substitute({ a: [text] }, () => value, problems)).toEqual({ a: [text] });
        expect(substitute(`${text}%(k)s${text}`, () => value, problems)).toBe(`${text}${value}${text}`);
        expect(problems).toEqual([]);
      }),
    );
  });
});

test('the nearest word is suggested, and none that is far', () => {
  expect(nearest('maintainer', ['maintainers', 'tags'])).toBe('maintainers');
  expect(nearest('tragets', ['targets', 'tags'])).toBe('targets');
  expect(nearest('xyzzy', ['targets', 'tags'])).toBeUndefined();
});
