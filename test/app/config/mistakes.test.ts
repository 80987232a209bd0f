import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkConfig, ConfigError, loadSettings } from '../../../src/app/config/index.ts';
import { FRAME, mistakesIn, temporaryDirectory } from './file.ts';

describe('mistakes of a configuration', () => {
  test('are reported all at once, in the order of the file, each with line, column and remedy', async () => {
    const mistakes = await mistakesIn(`
jbos: 3
jobs: "four"
log_level: loud
limits: { memory: 4Gigs, procesess: 9 }
targets:
  fedora-43-x86_64:
    bulider: mock
  debian-12-amd64:
    root: host
    builder: mocc
projects:
  a b: {}
`);
    expect(mistakes).toEqual([
      '2:1: unknown key "jbos"; did you mean jobs?',
      '3:7: expected a number, found "four"; write a number',
      '4:12: "loud" is not possible here; there are trace, debug, info, warn, error, fatal, silent',
      '5:19: "4Gigs" is no size; write a number with a unit, as 2GiB or 500MB',
      '5:26: unknown key "procesess"; did you mean processes?',
      '8:5: unknown key "bulider"; did you mean builder?',
      '11:14: there is no builder "mocc"; did you mean mock?',
      '13:3: "a b" cannot be a name, because names become directories; start with a letter or digit and go on with letters, digits and . _ + -',
      '13:3: the key upstream is missing; add it: the upstream repository; an address alone follows branch `main`',
      '13:3: the key packaging is missing; add it: where the packaging lies, per format',
    ]);
  });

  test.each([
    ['jobs: [1]', '1:7: expected a number, found a list'],
    ['tragets: {}', '1:1: unknown key "tragets"; did you mean targets?'],
    ['jobs: 0', '1:7: 0 is too small; at least 1'],
    ['jobs: 1.5', '1:7: expected a whole number'],
    ['data_dir: 12', '1:11: expected text, found 12; put it in quotes: "12"'],
    ['data_dir: ~/x', '1:11: ~ is not expanded here'],
    ['data_dir: "/a:b"', '1:11: the path has a colon'],
    ['local_dir: /x', '1:1: with SQLite one process has the data directory to itself; remove local_dir'],
    ['database: postgres://h/d\nlocal_dir: ~/x', '2:12: ~ is not expanded here'],
    ['base_url: www.example.org', '1:11: "www.example.org" is no web address'],
    ['database: mysql://h/d', '1:11: this is no address that starts with postgres:// or postgresql://'],
    ['database: postgres://h/d\ndatabase_file: /x', '2:1: database is there as well'],
    ['database_file: /nonexistent/x', '1:16: /nonexistent/x cannot be read: ENOENT'],
    ['database: "postgres://u:${TL_UNSET}@h/d"', '1:11: the environment has no variable TL_UNSET'],
    ['mail: { from: a@b }', '1:1: the key smtp is missing'],
    ['mail: { smtp: "smtp://h", from: nobody }', '1:33: "nobody" has no @'],
    ['mail: { smtp: "http://h", from: a@b }', '1:15: this is no address that starts with smtp:// or smtps://'],
    ['signing: { key: ABCD }', '1:17: "ABCD" is no fingerprint of a key; write all 40 (or 64) digits'],
    ['signing: { gnupghome: /x }', '1:12: the key key is missing beside it; add key: the fingerprint'],
    ['signing: { passphrase_file: /x }', '1:12: the key key is missing beside it'],
    ['signing: { command: /bin/sign }', '1:1: the key public_keys is missing; name the file'],
    ['signing: { public_keys: /x }', '1:12: there is no command; add command'],
    ['signing: { command: [], public_keys: /x }', '1:21: the list is empty'],
    [
      `signing: { command: /s, public_keys: /x, key: ${'A'.repeat(40)} }`,
      '1:42: command is there as well; the program knows its key; keep one of them',
    ],
    ['signing: { kee: x }', '1:12: unknown key "kee"; did you mean key?'],
    ['limits: { time: forever }', '1:17: "forever" is no length of time; write a number with a unit, as 30m or 1h30m'],
    ['limits: { memory: -1 }', '1:19: -1 is no size'],
    ['targets: [a]', '1:10: expected a mapping'],
    ['- a', '1:1: expected a mapping'],
    ['targets:\n  ../../etc: { format: rpm, root: host }', '2:3: "../../etc" cannot be a name'],
    ['targets:\n  foo: {}', '2:3: the target’s name does not tell its format; add format: rpm or format: deb'],
    [
      'targets:\n  fedora-43-x86_64: {}',
      '2:3: the target has no base repositories to make its root from; add base or base_from_mock',
    ],
    [
      'targets:\n  debian-12-amd64: { root: host, builder: mock }',
      '2:43: the builder mock cannot build deb packages; use sandbox or sbuild',
    ],
    ['targets:\n  fedora-43-x86_64: { root: host, valid_for: 7d }', '2:35: valid_for exists for deb only'],
    ['targets:\n  fedora-43-x86_64: { root: host, components: main }', '2:35: components exist for deb only'],
    [
      'targets:\n  debian-12-amd64: { root: host, components: [] }',
      '2:46: the list is empty; name a component, or remove the key',
    ],
    [
      'targets:\n  debian-12-amd64: { root: host, components: [main, contrib, main] }',
      '2:62: the component main is there twice; keep one of the two',
    ],
    [
      'targets:\n  debian-12-amd64: { root: host, components: [updates/main] }',
      '2:47: "updates/main" is no component; write what stands before the slash in a Section',
    ],
    [
      'targets:\n  fedora-43-x86_64: { root: host, restricted: [rc 1] }',
      '2:48: "rc 1" is no ref and no pattern of refs; write a name, or one with * for any characters: rc*',
    ],
    ['targets:\n  debian-12-amd64: { root: host, version_form: dlrn }', '2:34: the form dlrn exists for rpm only'],
    ['targets:\n  f: { format: rpm, root: host, arch: "x; id" }', '2:39: "x; id" is no architecture'],
    ['targets:\n  f: { format: rpm, root: host, dist: fc43 }', '2:39: "fc43" is no dist tag; write it with its dot'],
    [
      'targets:\n  f: { format: rpm, root: host, build_packages: [--nogpgcheck] }',
      '2:50: "--nogpgcheck" is no package name',
    ],
    ['targets:\n  f: { format: rpm, base: [{ id: a, baseurl: "http://h/x" }] }', '2:28: the repository has no gpgkey'],
    [
      'targets:\n  f: { format: rpm, base: [{ id: a, baseurl: "file:///x/$releasever" }] }',
      '2:3: its repository a needs $releasever',
    ],
    [
      'targets:\n  f: { format: rpm, base: [{ id: a, baseurl: "/x" }, { id: a, baseurl: "/y" }] }',
      '2:54: two repositories have the id a',
    ],
    ['targets:\n  f: { format: rpm, base: [{ id: a, uri: "/x" }] }', '2:37: uri belongs to a deb repository'],
    ['targets:\n  f: { format: rpm, base: [{ id: "a]\\n[b", baseurl: "/x" }] }', '2:34: "a]\\n[b" is no repository id'],
    [
      'targets:\n  f: { format: deb, base: [{ uri: "http://h/x [trusted=yes]", suites: a }] }',
      '2:35: "http://h/x [trusted=yes]" has a character',
    ],
    ['targets:\n  f: { format: deb, base: [{ uri: "http://h/x" }] }', '2:28: the repository has no suites'],
    ['targets:\n  f: { format: rpm, base_from_mock: ../../x }', '2:37: "../../x" is no name of a mock configuration'],
  ])('%s', async (text, expected) => {
    const mistakes = await mistakesIn(text);
    expect(mistakes.filter((mistake) => mistake.startsWith(expected))).toHaveLength(1);
  });

  test.each([
    ['upstream: "ext::sh -c id"', '"ext::sh -c id" has a space'],
    ['upstream: ext::id', 'names a git transport helper, which runs a program'],
    ['upstream: --upload-pack=id', 'would be read by git as an option'],
    ['upstream: "ssh://-oProxyCommand=id/x"', 'would be read by ssh as an option'],
    ['upstream: ftp://h/x', 'git cannot fetch from "ftp:"'],
    ['upstream: some/where', 'is no address of a git repository'],
    ['upstream: { url: /x, branch: -x }', '"-x" is no branch name git accepts'],
    ['upstream: { url: /x, branch: a..b }', '"a..b" is no branch name git accepts'],
    ['upstream: { url: /x, branch: 1.10 }', 'expected text, found 1.1; put it in quotes: "1.10"'],
    ['upstream: { branch: x }', 'the key url is missing'],
    ['packaging: { rpm: { url: /x, path: ../y } }', '"../y" is no directory inside the repository'],
    ['packaging: { rpm: { url: /x, path: .git } }', '".git" is no directory inside the repository'],
    ['packaging: { rmp: /x }', 'unknown key "rmp"; did you mean rpm?'],
    ['maintainers: [someone]', '"someone" has no @'],
    ['maintainers: "a@b\\nBcc: c@d"', 'is no mail address'],
    ['targets: [fedora-34-x86_64]', 'there is no target "fedora-34-x86_64"; did you mean fedora-43-x86_64?'],
    [
      'packaging: { rpm: /x }, targets: [debian-12-amd64]',
      'p is to be built for debian-12-amd64, and has no packaging for deb; add packaging: {deb: …}',
    ],
    ['packaging: {}', "p has packaging for no target's format"],
    ['component: "../x"', '"../x" cannot be a name'],
    ['version: { from: tag }', '"tag" is not possible here; did you mean tags?'],
    ['version: { from: script }', 'from: script needs the program to run; add script'],
    ['version: { tag_pattern: "v(" }', 'Invalid regular expression'],
    ['version: { tag_pattern: "v.*" }', 'the pattern has 0 groups and needs exactly one'],
    ['version: { epoch: -1 }', '-1 is too small'],
    ['source: { from: command }', 'from: command needs the program to run'],
    ['component: "%(nmae)s"', '%(nmae)s stands for nothing: the project has no "nmae"; did you mean name?'],
    ['component: "%(maintainers)s", maintainers: [a@b]', '%(maintainers)s stands for a list or mapping'],
    ['component: "%(x)s", vars: { x: "%(name)s" }', '%(x)s stands for something with another %(…)s in it'],
    ['component: "a%(name"', 'a %( that begins no %(key)s'],
  ])('a project with %s', async (text, expected) => {
    const mistakes = await mistakesIn(`${FRAME}projects:\n  p: { ${text} }\n`);
    const found = mistakes.filter((mistake) => mistake.includes(expected));
    expect(mistakes, mistakes.join('\n')).toEqual(found);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^9:/);
  });

  test('a mistake in the defaults is reported once, where it stands, however many projects have it', async () => {
    const mistakes = await mistakesIn(`
targets: { fedora-43-x86_64: { root: host } }
defaults:
  upstream: "https://git.example.org/%(name)s"
  packaging: { rpm: -x }
  maintainers: [nobody]
projects: { a: {}, b: {}, c: {} }
`);
    expect(mistakes.map((mistake) => mistake.replace(/;.*/, ''))).toEqual([
      '5:21: "-x" would be read by git as an option',
      '6:17: "nobody" has no @',
    ]);
  });

  test('a default that is wrong only when it is filled in is reported once too', async () => {
    const text = FRAME.replace('https://git.example.org/%(name)s', 'x/%(name)s');
    expect(await mistakesIn(`${text}projects: { a: {}, b: {} }\n`)).toEqual([
      expect.stringMatching(/^6:20: "x\/a" is no address of a git repository/),
    ]);
    expect(await mistakesIn(text.replace('%(name)s', '%(nme)s'))).toEqual([]);
    expect(await mistakesIn(`${text.replace('%(name)s', '%(nme)s')}projects: { a: {}, b: {} }\n`)).toEqual([
      expect.stringMatching(/^6:20: %\(nme\)s \(used by a\) stands for nothing/),
    ]);
  });

  test('a password is quoted in no message', async () => {
    const mistakes = await mistakesIn(
      'database: postgre://u:hunter22hunter@h/d\nmail: { smtp: "smpt://u:hunter22hunter@h", from: a@b }',
    );
    expect(mistakes).toHaveLength(2);
    expect(mistakes.join('\n')).not.toContain('hunter22');
  });

  test('loadSettings throws one error with all of them', async () => {
    const file = join(await temporaryDirectory(), 'c.yaml');
    await writeFile(file, 'jbos: 1\nlgo_level: warn\n');
    const error: unknown = await loadSettings({ config: file, environment: {} }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).mistakes).toHaveLength(2);
    expect((error as ConfigError).message).toBe(
      `2 mistakes in ${file}\n  ${file}:1:1: unknown key "jbos"; did you mean jobs?\n  ${file}:2:1: unknown key "lgo_level"; did you mean log_level?`,
    );
  });

  test('a file that is missing, or a directory, says so', async () => {
    const directory = await temporaryDirectory();
    await expect(checkConfig({ config: join(directory, 'x'), environment: {} })).rejects.toMatchObject({
      code: 'not_found',
      where: join(directory, 'x'),
    });
    await expect(checkConfig({ config: directory, environment: {} })).rejects.toMatchObject({
      code: 'config_invalid',
      hint: 'name the file, not its directory',
    });
  });
});
