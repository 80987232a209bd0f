import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBaseRepositories } from '../../../../scripts/base-repositories.ts';
import { run } from '../../../../src/lib/index.ts';
import type { Builder, BuildOutcome, LocalRepository, Target, VerifyOutcome } from '../../../../src/model/index.ts';
import { BASE, freshDirectories, rpmRepository, rpmTarget, spec, stageRpm, workDirectory } from '../samples.ts';
import { layersOf, preparedBuilder } from './prepared.ts';

const never = new AbortController().signal;
const containing = (text: string): unknown => expect.stringContaining(text);

describe('the sandbox builder with RPMs', () => {
  let top: string;
  let state: string;
  let target: Target;
  let builder: Builder;

  beforeAll(async () => {
    top = await workDirectory('sandbox-rpm');
    state = join(top, 'state');
    const base = await ensureBaseRepositories(BASE, console.warn);
    target = rpmTarget(base.rpm, { name: 'sandbox-12-x86_64', builder: 'sandbox' });
    builder = await preparedBuilder(state, target);
  }, 300_000);
  afterAll(async () => {
    await rm(top, { recursive: true, force: true });
  });

  interface Options {
    repository?: LocalRepository;
    limits?: Partial<Target['limits']>;
    sources?: Record<string, string>;
    signal?: AbortSignal;
  }
  const build = async (
    name: string,
    text: string,
    options: Options = {},
  ): Promise<BuildOutcome & { log: string; rootLog: string }> => {
    const source = await stageRpm(top, name, text, options.sources);
    const { output, logs } = await freshDirectories(top, name);
    const outcome = await builder.build({
      target: { ...target, limits: { ...target.limits, ...options.limits } },
      source,
      repository: options.repository ?? null,
      ...{ output, logs, signal: options.signal ?? never },
    });
    const read = (file: string) => readFile(join(logs, file), 'utf8').catch(() => '');
    return { ...outcome, log: await read('build.log'), rootLog: await read('root.log') };
  };
  const repositoryOf = (name: string, outcomes: readonly BuildOutcome[]) =>
    rpmRepository(
      join(top, `repository-${name}`),
      outcomes.flatMap(({ files }) => files),
    );
  const verify = async (
    name: string,
    repository: LocalRepository,
    packages = [name],
  ): Promise<VerifyOutcome & { log: string }> => {
    const { logs } = await freshDirectories(top, `verify-${name}`);
    const named = packages.map((one) => ({
      ...{ name: one, version: '1.0-1.tl12', arch: 'x86_64', fullName: `${one}-1.0-1.tl12.x86_64` },
    }));
    const outcome = await builder.verifyInstall({ target, repository, packages: named, logs, signal: never });
    return { ...outcome, log: await readFile(join(logs, 'install.log'), 'utf8').catch(() => '') };
  };
  const library = () =>
    build('libone', spec('libone', { header: 'Provides: pkgconfig(one) = 1.0' }), {}).then(async (outcome) => ({
      outcome,
      repository: await repositoryOf('libone', [outcome]),
    }));

  test('builds a program from a tarball, records the root, and installs it', async () => {
    await writeFile(join(top, 'hello.c'), '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n');
    const text = `Name: hello
Version: 1.0
Release: 1%{?dist}
Summary: hello
License: MIT
Source0: hello.c
BuildRequires: gcc
%description
hello
%build
gcc -o hello %{SOURCE0}
%install
install -D hello %{buildroot}/usr/bin/hello
%files
/usr/bin/hello
`;
    const outcome = await build('hello', text, {
      sources: { 'hello.c': await readFile(join(top, 'hello.c'), 'utf8') },
    });
    expect(outcome).toMatchObject({ ok: true, reason: null, detail: null });
    expect(outcome.files.map((file) => file.replace(/.*\//, ''))).toEqual([
      'hello-1.0-1.tl12.src.rpm',
      'hello-1.0-1.tl12.x86_64.rpm',
    ]);
    expect(outcome.buildroot).toContainEqual(expect.stringMatching(/^gcc-4:12\.\S+\.x86_64$/));
    expect(Object.keys(outcome.timings).sort()).toEqual(['build', 'overhead', 'resolve', 'source']);
    for (const file of outcome.files) expect((await stat(file)).uid).toBe(0);

    const verified = await verify('hello', await repositoryOf('hello', [outcome]));
    expect(verified).toMatchObject({ ok: true, reason: null, installed: ['hello-1.0-1.tl12.x86_64'] });
    expect(await layersOf(state, target)).toEqual([]);
  });

  test('builds against our repository, and keeps what it installed as a layer', async () => {
    const { repository } = await library();
    const text = spec('user', {
      header: 'BuildRequires: pkgconfig(one) >= 1',
      build: 'test "$(cat /usr/share/libone/name)" = libone',
    });
    const first = await build('user', text, { repository });
    expect(first).toMatchObject({ ok: true });
    expect(first.buildroot).toContain('libone-1.0-1.tl12.x86_64');
    expect(first.rootLog).toContain('dnf: installed');
    const layers = await layersOf(state, target);
    expect(layers).toHaveLength(1);

    const again = await build('user', text, { repository });
    expect(again).toMatchObject({ ok: true, buildroot: first.buildroot });
    expect(again.timings).not.toHaveProperty('resolve');

    // Another snapshot that resolves to the same packages.
    const moved = await rpmRepository(join(top, 'repository-moved'), (await library()).outcome.files);
    await run(['touch', join(moved.path, 'marker')]);
    const elsewhere = await build('user2', text.replaceAll('user', 'user2'), { repository: moved });
    expect(elsewhere).toMatchObject({ ok: true, buildroot: first.buildroot });
  });

  test('our version counts, even where the root has a higher one', async () => {
    const old = await build('make', spec('make', { version: '0.1', header: 'Epoch: 1\nProvides: /usr/bin/make' }));
    const repository = await repositoryOf('make', [old]);
    const outcome = await build('older', spec('older', { header: 'BuildRequires: make' }), { repository });
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.buildroot.filter((name) => name.startsWith('make-'))).toEqual(['make-1:0.1-1.tl12.x86_64']);
  });

  test('names a requirement that nothing has, in the resolver’s words', async () => {
    const absent = await build('absent', spec('absent', { header: 'BuildRequires: nothing-has-this >= 2' }));
    expect(absent).toMatchObject({
      ok: false,
      reason: 'deps_unresolvable',
      detail: "No matching package to install: 'nothing-has-this >= 2'",
      files: [],
    });
    const broken = await build('broken', spec('broken', { header: 'Requires: nothing-has-this' }));
    const repository = await repositoryOf('broken', [broken]);
    const deep = await build('deep', spec('deep', { header: 'BuildRequires: broken' }), { repository });
    expect(deep).toMatchObject({ ok: false, reason: 'deps_unresolvable' });
    expect(deep.detail).toContain('nothing provides nothing-has-this needed by broken-1.0-1.tl12.x86_64');
  });

  test('tells a failing build by its last error', async () => {
    const sources = { 'bad.c': 'int main(void) { return undeclared; }\n' };
    const outcome = await build('failing', spec('failing', { header: 'Source0: bad.c', build: 'gcc %{SOURCE0}' }), {
      sources,
    });
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'build_failed',
      detail: expect.stringMatching(/bad\.c:1:25: error: .undeclared. undeclared/) as unknown,
    });
    expect(outcome.log).toContain('Bad exit status');
  });

  test('names a patch that does not apply', async () => {
    const patch = '--- a/file\n+++ b/file\n@@ -1 +1 @@\n-never there\n+new\n';
    const text = spec('patched', { header: 'Source0: file\nPatch0: wrong.patch' }).replace(
      '%build',
      '%prep\n%setup -q -c -T\ncp %{SOURCE0} file\n%patch0 -p1\n%build',
    );
    const outcome = await build('patched', text, { sources: { file: 'something else\n', 'wrong.patch': patch } });
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'source_error',
      detail: containing('patch wrong.patch does not apply'),
    });
  });

  test('a spec that does not parse and a source that is not there are source errors', async () => {
    const syntax = await build('syntax', spec('syntax').replace('License: MIT', 'License: MIT\nLicence: MIT'));
    expect(syntax).toMatchObject({ ok: false, reason: 'source_error', detail: containing('error: ') });
    const lost = await build('lost', spec('lost', { header: 'Source0: lost.tar.gz' }));
    expect(lost).toMatchObject({ ok: false, reason: 'source_error', detail: containing('lost.tar.gz') });
  });

  test('asks a package for the requirements it generates', async () => {
    const { repository } = await library();
    const text = spec('dynamic', { build: 'test -e /usr/share/libone/name' }).replace(
      '%build',
      '%generate_buildrequires\necho "pkgconfig(one)"\n%build',
    );
    const outcome = await build('dynamic', text, { repository });
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.buildroot).toContain('libone-1.0-1.tl12.x86_64');
    const sourceRpm = outcome.files.find((file) => file.endsWith('.src.rpm')) ?? '';
    expect((await run(['rpm', '-qpR', '--dbpath', join(top, 'rpmdb'), sourceRpm])).stdout).toContain('pkgconfig(one)');
  });

  test('what a spec runs while it is parsed, and a build, can neither write outside nor reach a network', async () => {
    const marker = join(top, 'escaped');
    const text = spec('hostile', {
      header: `%global escape %(echo x > ${marker}; echo x > /etc/trunkline-escaped; id -u)`,
      build: `echo parsed-as-%{escape}\necho x > ${marker} || echo kept in\ncat /proc/net/dev\nls /root /home || :`,
    });
    const outcome = await build('hostile', text);
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.log).toContain('parsed-as-1000');
    expect(outcome.log).toContain('kept in');
    expect(outcome.log).not.toContain('eth0');
    await expect(stat(marker)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(stat('/etc/trunkline-escaped')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a Lua scriptlet, which runs inside dnf, changes nothing outside the root that is thrown away', async () => {
    const marker = join(top, 'lua-escaped');
    const paths = [marker, '/etc/trunkline-lua', '/cache/trunkline-lua', '/usr/trunkline-lua'];
    // rpm changes to the root for scriptlets; this one tries to leave it first.
    const lines = [
      'posix.mkdir("/escape")',
      'for n = 1, 30 do posix.chdir("..") end',
      ...paths.map((path) => `local f = io.open("${path}", "w"); if f then f:write("x"); f:close() end`),
      'print("lua was here")',
    ];
    const scriptlets = `%pre -p <lua>\n${lines.join('\n')}\n`;
    const outcome = await build('lua', spec('lua', { scriptlets }));
    const verified = await verify('lua', await repositoryOf('lua', [outcome]));
    expect(verified).toMatchObject({ ok: true });
    expect(verified.log).toContain('lua was here');
    const root = join(state, target.name, 'current');
    const outside = [marker, '/etc/trunkline-lua', '/usr/trunkline-lua', join(root, 'clean/etc/trunkline-lua')];
    for (const path of [...outside, join(root, 'cache/trunkline-lua'), join(root, 'clean/escape')])
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a scriptlet that fails is a failure, though dnf exits 0', async () => {
    const outcome = await build('post', spec('post', { scriptlets: '%post\necho from the scriptlet\nexit 7\n' }));
    const verified = await verify('post', await repositoryOf('post', [outcome]));
    expect(verified).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: containing('%post(post-1.0-1.tl12.x86_64) scriptlet failed, exit status 7'),
    });
    expect(verified.log).toContain('from the scriptlet');
    const pre = await build('pre', spec('pre', { scriptlets: '%pre\nexit 3\n' }));
    expect(await verify('pre', await repositoryOf('pre', [pre]))).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: containing('scriptlet failed, exit status 3'),
    });
  });

  test('the install check starts from a clean root and says what is missing or in the way', async () => {
    const needy = await build('needy', spec('needy', { header: 'Requires: gcc' }));
    const installed = await verify('needy', await repositoryOf('needy', [needy]));
    expect(installed).toMatchObject({ ok: true });
    expect(installed.installed).toContainEqual(expect.stringMatching(/^gcc-4:/));

    const broken = await build('unmet', spec('unmet', { header: 'Requires: nothing-has-this = 3' }));
    expect(await verify('unmet', await repositoryOf('unmet', [broken]))).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: containing('nothing provides nothing-has-this = 3 needed by unmet-1.0-1.tl12.x86_64'),
    });

    const overlapping = await Promise.all(
      ['left', 'right'].map((name) =>
        build(
          name,
          spec(name)
            .replace('%files', '%files\n/usr/share/both')
            .replace(
              '%install',
              `%install\nmkdir -p %{buildroot}/usr/share\necho ${name} > %{buildroot}/usr/share/both`,
            ),
        ),
      ),
    );
    expect(await verify('left', await repositoryOf('overlap', overlapping), ['left', 'right'])).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: containing('/usr/share/both'),
    });
    expect(await verify('ghost', await repositoryOf('needy', [needy]))).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: "No matching package to install: 'ghost-1.0-1.tl12.x86_64'",
    });
  });

  test('limits end a build, and say which', async () => {
    const slow = await build('slow', spec('slow', { build: 'sleep 600' }), { limits: { time: 3 } });
    expect(slow).toMatchObject({ ok: false, reason: 'timeout', detail: containing('limit of 3 s') });
    const loud = await build('loud', spec('loud', { build: 'yes' }), { limits: { output: 200_000 } });
    expect(loud).toMatchObject({ ok: false, reason: 'build_failed', detail: containing('limits.output') });
    const full = await build('full', spec('full', { build: 'head -c 200M /dev/zero > big' }), {
      limits: { disk: 50 * 1024 ** 2 },
    });
    expect(full).toMatchObject({ ok: false, reason: 'build_failed', detail: containing('No space left on device') });
  });

  test('an aborted build throws the reason and leaves nothing running', async () => {
    const controller = new AbortController();
    const nap = 20_000 + process.pid;
    const building = build('nap', spec('nap', { build: `sleep ${nap}` }), { signal: controller.signal });
    const ended = expect(building).rejects.toThrow('enough');
    await pause(1500);
    controller.abort(new Error('enough'));
    await ended;
    const { stdout } = await run(['ps', '-eo', 'args']);
    expect(stdout).not.toContain(`sleep ${nap}`);
  });

  test('a base repository that is gone is trouble of the machine', async () => {
    const away = rpmTarget('/nowhere/at/all').baseRepositories;
    expect((await builder.check({ ...target, baseRepositories: away })).missing).toEqual(
      expect.arrayContaining([
        { what: 'the base repository or key /nowhere/at/all', remedy: containing('baseRepositories') },
        { what: 'a prepared root', remedy: `trunkline target prepare ${target.name}` },
      ]),
    );
    expect((await builder.check(target)).missing).toEqual([]);
    const prepare = builder.prepare(
      { ...target, baseRepositories: away },
      { refresh: true, report: () => undefined, signal: never },
    );
    await expect(prepare).rejects.toMatchObject({ code: 'target_not_ready', where: '/nowhere/at/all' });
  });

  test('refreshing makes a new root, switches to it, and lets the old one go', async () => {
    const small: Target = { ...target, name: 'small-12-x86_64', buildPackages: ['basesystem'] };
    const options = { report: () => undefined, signal: never };
    const roots = () => readdir(join(state, small.name, 'roots'));
    await builder.prepare(small, { ...options, refresh: false });
    const [first] = await roots();
    await builder.prepare(small, { ...options, refresh: false });
    expect(await roots()).toEqual([first]);
    await builder.prepare(small, { ...options, refresh: true });
    const after = await roots();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual([first]);
    expect((await stat(join(state, small.name, 'current', 'build', 'etc'))).uid).not.toBe(0);

    const unknown = { ...small, buildPackages: ['nothing-has-this'] };
    await expect(builder.prepare(unknown, { ...options, refresh: false })).rejects.toMatchObject({
      code: 'target_not_ready',
      message: containing("No matching package to install: 'nothing-has-this'"),
    });
    expect(await roots()).toEqual(after);
    await run(['mkdir', join(state, small.name, 'roots', '.tmp-killed')]);
    await builder.recover();
    expect(await roots()).toEqual(after);
  });
});
