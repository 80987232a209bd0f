import { describe, expect, test } from 'vitest';
import { perl, sbuildConfiguration } from '../../../../src/drivers/builders/sbuild/configuration.ts';
import { readBuildroot, readFailure, readSummary } from '../../../../src/drivers/builders/sbuild/log.ts';
import { readSourceFailure } from '../../../../src/drivers/builders/sbuild/source.ts';
import { localDirectories, sourceLines } from '../../../../src/drivers/builders/sbuild/sources.ts';
import { debTarget } from '../samples.ts';

const box = (heading: string) => `
+------------------------------------------------------------------------------+
| ${heading.padEnd(76)} |
+------------------------------------------------------------------------------+
`;
/** A log of sbuild 0.85 as far as it matters here. */
const log = (parts: { deps?: string; build?: string; stage?: string; status?: string }) =>
  `sbuild (Debian sbuild) 0.85.0 (04 January 2023) on vm
${box('Update chroot')}
Get:1 file:/base bookworm InRelease
${box('Install package build dependencies')}
${parts.deps ?? ''}
${box('Check architectures')}
${box('Build environment')}
${box('Build')}

Unpack source
-------------
${box('Starting Timed Build Commands')}

trunkline-buildroot:adduser_3.134_all
trunkline-buildroot:bsdutils_1:2.38.1-5+deb12u3_amd64

I: Finished running 'dpkg-query'.
${parts.build ?? ''}
${box('Cleanup')}
${box('Summary')}
Build Architecture: amd64
Build-Time: 3
${parts.stage === undefined ? '' : `Fail-Stage: ${parts.stage}\n`}Install-Time: 7
Status: ${parts.status ?? 'failed'}
Version: 1.0-1
`;

// What apt 2.6 and dpkg 1.21 print.
const UNMET = `Building dependency tree...
Some packages could not be installed. This may mean that you have
requested an impossible situation.
The following packages have unmet dependencies:
 sbuild-build-depends-main-dummy : Depends: nobody-has-this (>= 2) but it is not installable
                                   Depends: libfoo-dev but it is not going to be installed
E: Unable to correct problems, you have held broken packages.
apt-get failed.
`;
const UNREACHABLE = `Err:1 http://deb.example.org bookworm/main amd64 zlib1g-dev amd64 1.2
  Temporary failure resolving 'deb.example.org'
E: Failed to fetch http://deb.example.org/pool/zlib1g-dev.deb  Temporary failure resolving 'deb.example.org'
`;
const COMPILER = `gcc -o hello hello.c
hello.c:3:5: error: expected ';' before '}' token
make[1]: *** [Makefile:2: all] Error 1
dh_auto_build: error: make -j1 returned exit code 2
make: *** [debian/rules:3: binary] Error 25
dpkg-buildpackage: error: debian/rules binary subprocess returned exit status 2
--------------------------------------------------------------------------------
Build finished at 2026-11-20T22:51:55Z
`;

describe("sbuild's log", () => {
  test('ends with a summary, and lists the build root before the build', () => {
    const text = log({ status: 'successful', build: 'trunkline-buildroot:forged_1_all\n' });
    expect(readSummary(text)).toEqual({ status: 'successful', failStage: null, installSeconds: 7, buildSeconds: 3 });
    expect(readBuildroot(log({}))).toEqual(['adduser_3.134_all', 'bsdutils_1:2.38.1-5+deb12u3_amd64']);
  });

  test('has no status when sbuild did not come to its end, whatever the build printed', () => {
    const text = log({ build: 'Status: successful\n' });
    expect(readSummary(text.slice(0, text.lastIndexOf('Build Architecture')))).toMatchObject({ status: null });
    expect(readSummary('Status: successful\n').status).toBeNull();
    expect(readSummary(text).status).toBe('failed');
  });

  test.each([
    [
      'unmet build requirements',
      { stage: 'install-deps', status: 'given-back', deps: UNMET },
      {
        reason: 'deps_unresolvable',
        detail:
          'Depends: nobody-has-this (>= 2) but it is not installable; Depends: libfoo-dev but it is not going to be installed',
      },
    ],
    [
      'a mirror that is down',
      { stage: 'install-deps', deps: UNREACHABLE },
      { reason: 'infra_error', detail: 'Err:1 http://deb.example.org bookworm/main amd64 zlib1g-dev amd64 1.2' },
    ],
    [
      'a compiler error',
      { stage: 'build', build: COMPILER },
      { reason: 'build_failed', detail: "hello.c:3:5: error: expected ';' before '}' token" },
    ],
    [
      'a build that talks of the network',
      { stage: 'build', build: 'E: Failed to fetch http://x\nmake: *** [debian/rules:3: binary] Error 25\n' },
      { reason: 'build_failed', detail: 'make: *** [debian/rules:3: binary] Error 25' },
    ],
    [
      'another architecture',
      { stage: 'check-architecture', status: 'skipped' },
      { reason: 'source_error', detail: 'sbuild does not say why' },
    ],
    [
      'a chroot that cannot be unpacked',
      { stage: 'create-session' },
      { reason: 'infra_error', detail: 'sbuild, create-session: Version: 1.0-1' },
    ],
  ])('%s', (_, parts, expected) => {
    expect(readFailure(log(parts), '')).toEqual(expected);
  });

  test('without an end, it is the machine', () => {
    expect(
      readFailure('newuidmap: open of uid_map failed: Permission denied\nnewuidmap failed: \n', 'exited with 1'),
    ).toEqual({
      reason: 'infra_error',
      detail: 'sbuild, before its end: newuidmap failed:',
    });
  });
});

describe('what dpkg-source refuses', () => {
  test('a patch by its name', () => {
    const words = `dpkg-source: info: using patch list from debian/patches/series
dpkg-source: info: applying fix-readme.patch
patching file README
Hunk #1 FAILED at 1.
1 out of 1 hunk FAILED
dpkg-source: info: the patch has fuzz which is not allowed, or is malformed
dpkg-source: info: if patch 'fix-readme.patch' is correctly applied by quilt, use 'quilt refresh' to update it
dpkg-source: error: LC_ALL='C' patch -t -F 0 -N -p1 -u -V never -E -b -B .pc/fix-readme.patch/ --reject-file=- < source.orig/debian/patches/fix-readme.patch subprocess returned exit status 1
`;
    expect(readSourceFailure(words)).toBe('patch fix-readme.patch does not apply: Hunk #1 FAILED at 1.');
  });
  test('anything else in its own words', () => {
    const words = 'dpkg-source: warning: odd\ndpkg-source: error: syntax error in debian/control at line 1\n';
    expect(readSourceFailure(words)).toBe('dpkg-source: error: syntax error in debian/control at line 1');
  });
});

describe('what is written for sbuild and apt', () => {
  const target = debTarget('/srv/base');
  const repository = { path: "/srv/it's/repo", also: ['/srv/pool'] };

  test('a configuration binds what lines of sources name', () => {
    expect(sourceLines(target)).toEqual(['deb [trusted=yes] file:///srv/base bookworm main']);
    const directories = localDirectories(target, repository);
    expect(directories).toEqual(['/srv/base', "/srv/it's/repo", '/srv/pool']);
    const ours = { line: "deb [trusted=yes] file:/srv/it's/repo trunk main contrib", pin: 'n=trunk' };
    const text = sbuildConfiguration(ours, directories);
    expect(text).toContain(String.raw`{ directory => '/mnt/1', mountpoint => '/srv/it\'s/repo' }`);
    expect(text).toContain(`$extra_repositories = [ ${perl(ours.line)} ];`);
  });
  test('words that would be several are refused', () => {
    const base = target.baseRepositories[0];
    if (base?.kind !== 'deb') throw new Error('no base');
    for (const uri of ['http://x y', 'http://x\ndeb http://evil', "http://x'", 'http://x]'])
      expect(() => sourceLines({ ...target, baseRepositories: [{ ...base, uri }] })).toThrow(/cannot stand/);
  });
});
