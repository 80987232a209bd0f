import { describe, expect, test } from 'vitest';
import { complaints } from '../../../../src/drivers/builders/sandbox/apt.ts';
import { readDebFailure } from '../../../../src/drivers/builders/sandbox/deb-failure.ts';
import { lastErrorLine } from '../../../../src/drivers/builders/sandbox/error-line.ts';
import { readRpmFailure } from '../../../../src/drivers/builders/sandbox/rpm-failure.ts';

describe('what the words of a failed build say', () => {
  test('the last line of the tool that knows is told, not the closing words of those around it', () => {
    expect(
      lastErrorLine(['checking for gcc... no', 'it.c:3:5: error: expected expression', 'make: *** [x] Error 1']),
    ).toBe('it.c:3:5: error: expected expression');
    expect(lastErrorLine(['making it', 'make: *** [Makefile:2: x] Error 1'])).toBe('make: *** [Makefile:2: x] Error 1');
    expect(lastErrorLine(['+ false', 'the end', ''])).toBe('the end');
    expect(lastErrorLine(['', '  '])).toBeNull();
  });

  test('a failure in %prep is the source’s, a later one the build’s', () => {
    const log = (part: string, words: string) =>
      `Executing(${part}): /bin/sh -e /var/tmp/rpm-tmp.a\n+ cd /builddir/build/BUILD\n${words}\nerror: Bad exit status from /var/tmp/rpm-tmp.a (${part})\n\nRPM build errors:\n    Bad exit status from /var/tmp/rpm-tmp.a (${part})\n`;
    expect(readRpmFailure(log('%prep', 'tar: broken.tar: Cannot open: No such file or directory'), 'build')).toEqual({
      reason: 'source_error',
      detail: 'tar: broken.tar: Cannot open: No such file or directory',
    });
    // The trace comes through another pipe than the complaint, and may come after it.
    const swapped = '1 out of 1 hunk FAILED -- saving rejects\n+ /usr/lib/rpm/rpmuncompress /staged/SOURCES/late.patch';
    expect(readRpmFailure(log('%prep', swapped), 'build')).toEqual({
      reason: 'source_error',
      detail: 'patch late.patch does not apply: 1 out of 1 hunk FAILED -- saving rejects',
    });
    const torn = '+ + /usr/bin/patch -p1 -s\n /staged/SOURCES/late.patch+\n1 out of 1 hunk FAILED';
    expect(readRpmFailure(log('%prep', torn), 'build').detail).toBe(
      'patch late.patch does not apply: 1 out of 1 hunk FAILED',
    );
    expect(readRpmFailure(log('%build', 'Patch #0 (a.patch):\nHunk #1 FAILED at 1.'), 'build').reason).toBe(
      'build_failed',
    );
    expect(readRpmFailure(log('%prep', 'Patch #3 (fix-it.patch):\nHunk #1 FAILED at 1.'), 'build')).toEqual({
      reason: 'source_error',
      detail: 'patch fix-it.patch does not apply: Hunk #1 FAILED at 1.',
    });
    expect(
      readRpmFailure(
        'error: Failed build dependencies:\n\tone >= 2 is needed by x-1-1.x86_64\n\ttwo is needed by x-1-1.x86_64\n',
        'build',
      ),
    ).toEqual({
      reason: 'deps_unresolvable',
      detail: 'one >= 2 is needed by x-1-1.x86_64; two is needed by x-1-1.x86_64',
    });
  });

  test('what a package prints does not make its failure the machine’s', () => {
    const words = 'E: Failed to fetch http://example.org/ Could not resolve host\nConnection timed out';
    expect(readRpmFailure(`${words}\nerror: Bad exit status from /var/tmp/rpm-tmp.a (%build)\n`, 'build').reason).toBe(
      'build_failed',
    );
    expect(readDebFailure(`${words}\nmake: *** [debian/rules:4: build] Error 1\n`, 'build').reason).toBe(
      'build_failed',
    );
  });

  test('dpkg-source names the patch that does not apply', () => {
    const log = `dpkg-source: info: using source format '3.0 (quilt)'
patching file README
Hunk #1 FAILED at 1.
1 out of 1 hunk FAILED
dpkg-source: info: the patch has fuzz which is not allowed, or is malformed
dpkg-source: info: if patch 'wrong.patch' is correctly applied by quilt, use 'quilt refresh' to update it
dpkg-source: error: LC_ALL=C patch -t -F 0 -N -p1 -u -V never -E -b -B .pc/wrong.patch/ < x/debian/patches/wrong.patch subprocess returned exit status 1
`;
    expect(readDebFailure(log, 'source')).toEqual({
      reason: 'source_error',
      detail: 'patch wrong.patch does not apply: Hunk #1 FAILED at 1.',
    });
  });

  test('apt’s unmet dependencies and dpkg’s errors are told in one line', () => {
    expect(
      complaints(`Reading package lists...
The following packages have unmet dependencies:
 one : Depends: two (>= 3) but it is not going to be installed
       Depends: three but it is not installable
E: Unable to correct problems, you have held broken packages.
`),
    ).toBe('one : Depends: two (>= 3) but it is not going to be installed; Depends: three but it is not installable');
    expect(
      complaints(`Setting up post (1.0-1) ...
dpkg: error processing package post (--configure):
 installed post package post-installation script subprocess returned error exit status 7
Errors were encountered while processing:
 post
E: Sub-process /usr/bin/dpkg returned an error code (1)
`),
    ).toContain('post-installation script subprocess returned error exit status 7');
  });
});
