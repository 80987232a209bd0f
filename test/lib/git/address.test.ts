import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mirrorName } from '../../../src/lib/git/address.ts';
import { closestNames, isBranchName, isCommitHash, resolveAddress, transportOf } from '../../../src/lib/git/index.ts';
import { createFixture, temporaryDirectory } from './fixture.ts';
import { sampled } from '../../sampled.ts';

const ENVIRONMENT = {
  PATH: '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ALLOW_PROTOCOL: 'file',
};

test('an address is told by its transport', () => {
  const cases = {
    https: ['https://example.org/a', 'HTTPS://user:p%40ss@example.org:8443/a.git', 'https://[::1]:8000/a'],
    http: ['http://example.org/a'],
    ssh: ['ssh://git@example.org:29418/a', 'git@example.org:a/b.git', 'host:path', 'git+ssh://h/x', '[::1]:a'],
    git: ['git://example.org/a'],
    file: ['/srv/git/a', '/srv/git/with:colon', 'file:///srv/git/a'],
  };
  for (const [transport, urls] of Object.entries(cases))
    for (const url of urls) expect(transportOf(url), url).toBe(transport);
});

test('what git would run, or take as an option, or find relative to us, is no address', () => {
  for (const url of [
    '',
    '-u/x',
    '--upload-pack=x',
    'ext::sh -c x',
    'EXT::x',
    'fd::3',
    'https::x',
    '::x',
    'relative/path',
    './x',
    '../x',
    'x',
    'ssh://-oProxyCommand=x/y',
    'ssh://u@-x/y',
    'ssh://-x@h/y',
    'https:///x',
    'https://ho st/x',
    'git@-h:x',
    '-h:x',
    'host:-x',
    'host:',
    ':x',
    'ftp://h/x',
    'rsync://h/x',
    'javascript://h/x',
    'file://relative',
    'https://h/x\n--y',
    'https://h/\u0000',
    'https://h;id/x',
    'https://$(id)/x',
  ])
    expect(() => transportOf(url), JSON.stringify(url)).toThrow(expect.objectContaining({ code: 'source_invalid' }));
});

test('no text makes transportOf do anything but answer or refuse, and what it takes never starts with a hyphen', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.stringMatching(/^[-:/@.a-z[\]]{0,12}$/)), (url) => {
      try {
        transportOf(url);
      } catch (error) {
        expect(error).toMatchObject({ code: 'source_invalid' });
        return;
      }
      // What transport_get() in git takes for the name of a helper.
      expect(url.startsWith('-') || /^[A-Za-z0-9+.-]*::/.test(url)).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

describe('a relative address', () => {
  sampled('is resolved as git submodule init does', async () => {
    await using scope = await temporaryDirectory();
    const cases = [
      ['https://example.org/org/a', '../b'],
      ['https://example.org/org/a/', '../b/'],
      ['https://example.org/org/a.git', '../../other/b.git'],
      ['https://example.org/org/a', './b'],
      ['https://example.org/org/a', '.././b'],
      ['git@example.org:org/a', '../b'],
      ['git@example.org:org/a', '../../b'],
      ['ssh://git@example.org/org/a', '../b'],
      ['/srv/git/org/a', '../b'],
      ['/srv/git/org/a', '../../b'],
      ['file:///srv/git/org/a', '../b'],
      ['https://example.org/org/a', 'https://elsewhere.org/b'],
    ] as const;
    for (const [n, [base, url]] of cases.entries()) {
      const directory = join(scope.path, String(n));
      await mkdir(directory);
      const git = (...args: string[]) =>
        execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8', env: ENVIRONMENT, stdio: 'pipe' }).trim();
      git('init', '--quiet');
      git('remote', 'add', 'origin', base);
      git('config', '--file', '.gitmodules', 'submodule.s.path', 's');
      git('config', '--file', '.gitmodules', 'submodule.s.url', url);
      git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},s`);
      git('submodule', 'init');
      expect(resolveAddress(base, url), `${base} ${url}`).toBe(git('config', 'submodule.s.url'));
    }
  });

  test('that climbs above the host is refused', () => {
    for (const [base, url] of [
      ['https://example.org/a', '../../b'],
      ['https://example.org/a', '../../../b'],
      ['git@example.org:a', '../../b'],
      ['/a', '../../../b'],
    ] as const)
      expect(() => resolveAddress(base, url), `${base} ${url}`).toThrow(
        expect.objectContaining({ code: 'source_invalid' }),
      );
  });
});

sampled('branch names are taken as git check-ref-format takes them', async () => {
  await using scope = await temporaryDirectory();
  const fixture = await createFixture(scope.path);
  const names = fc.sample(
    fc.oneof(
      fc.stringMatching(/^[a-b./@{~^:?*[\\ -]{1,6}(\.lock)?$/),
      fc.stringMatching(/^[a-z]{1,3}\/[a-z.]{1,5}$/),
      fc.constantFrom('main', 'stable/1.0', 'HEAD', '@', 'a.lock/b', 'ünï', 'refs/heads/x', '-', 'a\u007f'),
    ),
    { numRuns: 150, seed: 7 },
  );
  for (const name of new Set(names)) {
    const taken = await fixture.git('check-ref-format', `refs/heads/${name}`).then(
      () => !name.startsWith('-') && name !== 'HEAD' && name !== '@',
      () => false,
    );
    expect(isBranchName(name), JSON.stringify(name)).toBe(taken);
  }
});

test('a mirror has a readable name of its own', () => {
  expect(mirrorName('https://example.org/org/project.git')).toMatch(/^project-[0-9a-f]{16}\.git$/);
  expect(mirrorName('git@h:../../etc/-rf')).toMatch(/^rf-[0-9a-f]{16}\.git$/);
  expect(mirrorName('/')).toMatch(/^repository-[0-9a-f]{16}\.git$/);
  expect(mirrorName('https://a/x')).not.toBe(mirrorName('https://b/x'));
});

test('full hashes are commits, and the closest names come first', () => {
  expect([isCommitHash('a'.repeat(40)), isCommitHash('a'.repeat(64))]).toEqual([true, true]);
  expect(['a'.repeat(39), 'A'.repeat(40), 'g'.repeat(40), ''].some(isCommitHash)).toBe(false);
  expect(closestNames('mian', ['zzz', 'main', 'maint'], 2)).toEqual(['main', 'maint']);
});
