import { describe, expect, test } from 'vitest';
import { python } from '../../../../src/drivers/builders/mock/configuration.ts';
import {
  readCommands,
  readInstalled,
  readPhases,
  readTransaction,
} from '../../../../src/drivers/builders/mock/logs.ts';
import { readBuildFailure, readInstallFailure, type MockLogs } from '../../../../src/drivers/builders/mock/outcome.ts';

// Excerpts of the logs of mock 6.7 with dnf 4.14, shortened.
const ROOT_LOG = `INFO buildroot.py:700:  Mock Version: 6.7
DEBUG util.py:557:  Executing command: ['/usr/bin/rpm', '-qa', '--root', '/s/root'] with env {'TERM': 'vt100'} and shell False
DEBUG util.py:462:  basesystem-12-1.noarch
DEBUG util.py:609:  Child return code was: 0
DEBUG util.py:557:  Executing command: ['/usr/bin/dnf-3', 'builddep', '--installroot', '/s/root/', '/s/bad-1.0-1.src.rpm'] with env {'TERM': 'vt100'} and shell False
DEBUG util.py:460:  Unable to detect release version (use '--releasever' to specify release version)
DEBUG util.py:462:  base                                            2.9 MB/s | 3.0 kB     00:00    
DEBUG util.py:460:  No matching package to install: 'nothing-has-this >= 2'
DEBUG util.py:460:  Not all dependencies satisfied
DEBUG util.py:460:  Error: Some packages could not be found.
DEBUG util.py:609:  Child return code was: 1
DEBUG util.py:557:  Executing command: ['/bin/umount', '-n', '/s/root/var/cache/dnf'] with env {'TERM': 'vt100'} and shell False
DEBUG util.py:609:  Child return code was: 0
`;
const STATE_LOG = `2026-11-20 22:21:57,400 - Mock Version: 6.7
2026-11-20 22:21:57,402 - Start: chroot init
2026-11-20 22:21:57,686 - Finish: chroot init
2026-11-20 22:21:58,101 - Start: build phase for hello-1.0-1.src.rpm
2026-11-20 22:21:58,101 - Start: build setup for hello-1.0-1.src.rpm
2026-11-20 22:21:58,497 - Finish: build setup for hello-1.0-1.src.rpm
`;
const RPMBUILD = `${STATE_LOG}2026-11-20 22:21:58,497 - Start: rpmbuild hello-1.0-1.src.rpm
2026-11-20 22:21:58,497 - Start: Outputting list of installed packages
2026-11-20 22:21:58,513 - Finish: Outputting list of installed packages
2026-11-20 22:21:58,724 - Finish: rpmbuild hello-1.0-1.src.rpm
2026-11-20 22:21:58,726 - Start: clean chroot
2026-11-20 22:21:58,821 - Finish: clean chroot
`;

const logs = (changes: Partial<MockLogs>): MockLogs => ({
  exitCode: 1,
  stateLog: RPMBUILD,
  rootLog: '',
  buildLog: '',
  messages: '',
  ...changes,
});
const dnf = (action: string, output: string, code = 1) =>
  `DEBUG util.py:557:  Executing command: ['/usr/bin/dnf-3', '--installroot', '/s/root/', '${action}', 'x'] with env {} and shell False
${output
  .split('\n')
  .map((line) => `DEBUG util.py:460:  ${line}`)
  .join('\n')}
DEBUG util.py:609:  Child return code was: ${code}
`;

describe("mock's logs", () => {
  test('root.log is a list of commands with output and exit code', () => {
    const commands = readCommands(ROOT_LOG);
    expect(commands.map(({ exitCode }) => exitCode)).toEqual([0, 1, 0]);
    expect(commands[0]?.output).toEqual(['basesystem-12-1.noarch']);
    expect(readCommands(ROOT_LOG.slice(0, ROOT_LOG.indexOf('No matching'))).at(-1)?.exitCode).toBeNull();
  });

  test('state.log is a list of phases with seconds', () => {
    expect(readPhases(STATE_LOG)).toEqual([
      { name: 'chroot init', seconds: expect.closeTo(0.284) as number },
      { name: 'build phase for hello-1.0-1.src.rpm', seconds: null },
      { name: 'build setup for hello-1.0-1.src.rpm', seconds: expect.closeTo(0.396) as number },
    ]);
  });

  test('installed_pkgs.log and the table of a transaction give full names', () => {
    expect(
      readInstalled(
        'zlib-1:1.2-1.x86_64 1795211964 44 installed\ngpg-pubkey-1-2.(none) 1 0 installed\nbash-5-1.x86_64 1 2 installed\n',
      ),
    ).toEqual(['bash-5-1.x86_64', 'zlib-1:1.2-1.x86_64']);
    const table = [
      'Transaction Summary',
      '',
      'Upgraded:',
      '  c-2-1.x86_64',
      'Installed:',
      '  a-1-1.noarch   b-2:1-1.x86_64',
      '',
    ];
    expect(readTransaction([...table, '  not this', 'Complete!'])).toEqual([
      'a-1-1.noarch',
      'b-2:1-1.x86_64',
      'c-2-1.x86_64',
    ]);
  });
});

describe('why a build failed', () => {
  const cases: [string, Partial<MockLogs>, { reason: string; detail: string }][] = [
    [
      'a build requirement nobody has',
      { exitCode: 30, stateLog: STATE_LOG, rootLog: ROOT_LOG },
      { reason: 'deps_unresolvable', detail: "No matching package to install: 'nothing-has-this >= 2'" },
    ],
    [
      'a mirror that is down',
      {
        exitCode: 30,
        stateLog: STATE_LOG,
        rootLog: dnf(
          'install',
          "Errors during downloading metadata for repository 'base':\n  - Curl error (7): Couldn't connect to server for http://127.0.0.1:1/repodata/repomd.xml\nError: Failed to download metadata for repo 'base': Cannot download repomd.xml",
        ),
      },
      {
        reason: 'infra_error',
        detail: "- Curl error (7): Couldn't connect to server for http://127.0.0.1:1/repodata/repomd.xml",
      },
    ],
    [
      'a root that cannot be made is nothing the package did',
      {
        exitCode: 30,
        stateLog: STATE_LOG.split('\n').slice(0, 2).join('\n'),
        rootLog: dnf(
          'install',
          'No match for argument: no-such-package\nError: Unable to find a match: no-such-package',
        ),
      },
      { reason: 'infra_error', detail: 'the build root cannot be made: No match for argument: no-such-package' },
    ],
    [
      'a spec that rpmbuild cannot read',
      {
        stateLog: '2026-11-20 22:21:57,402 - Start: rpmbuild -bs\n2026-11-20 22:21:57,686 - Finish: rpmbuild -bs\n',
        buildLog: 'error: line 2: Unknown tag: Version 1\nBuilding target platforms: x86_64\n',
      },
      { reason: 'source_error', detail: 'line 2: Unknown tag: Version 1' },
    ],
    [
      'a patch that no longer applies',
      {
        buildLog: `Patch #1 (fix-paths.patch):
+ echo 'Patch #1 (fix-paths.patch):'
+ /usr/bin/patch --no-backup-if-mismatch -f -p1 --fuzz=0
patching file main.c
Hunk #1 FAILED at 1.
1 out of 1 hunk FAILED -- saving rejects to file main.c.rej
error: Bad exit status from /var/tmp/rpm-tmp.ksyDyS (%prep)
`,
      },
      {
        reason: 'source_error',
        detail: 'patch fix-paths.patch does not apply: 1 out of 1 hunk FAILED -- saving rejects to file main.c.rej',
      },
    ],
    [
      'a build that talks of the network',
      {
        buildLog:
          'curl: (6) Could not resolve host: example.org\nerror: Bad exit status from /var/tmp/rpm-tmp.1 (%build)\n',
      },
      { reason: 'build_failed', detail: '%build failed: curl: (6) Could not resolve host: example.org' },
    ],
    [
      'a locked root',
      { exitCode: 60, messages: 'INFO: mock.py version 6.7\nERROR: Build root is locked by another process.\n' },
      { reason: 'infra_error', detail: 'Build root is locked by another process.' },
    ],
    [
      'mock itself breaking down',
      { stateLog: '', messages: 'Traceback (most recent call last):\nException: Failed to obtain snapshot lock !\n' },
      { reason: 'infra_error', detail: 'Exception: Failed to obtain snapshot lock !' },
    ],
  ];
  test.each(cases)('%s', (_, changes, expected) => {
    expect(readBuildFailure(logs(changes))).toEqual(expected);
  });

  test('an escape sequence or an endless line does not reach people', () => {
    const buildLog = `\u001b[31m${'x'.repeat(900)}\u0007\nerror: Bad exit status from /var/tmp/rpm-tmp.1 (%install)\n`;
    const { detail } = readBuildFailure(logs({ buildLog }));
    expect(detail).toMatch(/^%install failed: x+…$/);
    expect(detail.length).toBe(300);
  });
});

test('an installation has failed when a scriptlet has, though dnf ends with 0', () => {
  const rootLog = dnf('install', 'warning: %post(x-1-1.noarch) scriptlet failed, exit status 7\nComplete!', 0);
  const transaction = readCommands(rootLog)[0];
  expect(readInstallFailure(logs({ exitCode: 0, rootLog }), transaction)?.reason).toBe('install_failed');
  expect(readInstallFailure(logs({ exitCode: 0 }), undefined)?.reason).toBe('infra_error');
  expect(readInstallFailure(logs({ exitCode: 0 }), { command: '', output: [], exitCode: 0 })).toBeNull();
});

describe('values in a mock configuration', () => {
  test('are Python literals', () => {
    expect(python("it's\n\\ü")).toBe(String.raw`'it\'s\n\\\U000000fc'`);
    expect(python(['a', true, 3].map(String))).toBe("['a', 'true', '3']");
    expect(python(false)).toBe('False');
  });
  test.each(['{{ x }}', '{% raw %}', '{# c #}', 'a\0b', 'a\rb'])('%j is refused', (value) => {
    expect(() => python(value)).toThrow(/cannot stand in a mock configuration/);
  });
});
