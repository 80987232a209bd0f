import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBaseRepositories } from '../../../../scripts/base-repositories.ts';
import type { Builder, BuildOutcome, LocalRepository, Target, VerifyOutcome } from '../../../../src/model/index.ts';
import { DEB, ROOTS } from '../../../e2e/prepared-roots.ts';
import { BASE, debTarget, freshDirectories, workDirectory } from '../samples.ts';
import { debRepository, stageDeb, type DebSample } from './deb-samples.ts';
import { builderWithRoot, layersOf } from './prepared.ts';
import { inSample } from '../../../sampled.ts';

const never = new AbortController().signal;
const containing = (text: string): unknown => expect.stringContaining(text);

describe.skipIf(!inSample('sandbox builds of debs'))('the sandbox builder with debs', () => {
  let top: string;
  let state: string;
  let target: Target;
  let builder: Builder;

  beforeAll(async () => {
    top = await workDirectory('sandbox-deb');
    state = join(top, 'state');
    const base = await ensureBaseRepositories(BASE, console.warn);
    target = debTarget(base.deb, {
      ...{ name: DEB, builder: 'sandbox' },
      ...ROOTS.deb,
    });
    builder = await builderWithRoot(state, target);
  }, 400_000);
  afterAll(async () => {
    await rm(top, { recursive: true, force: true });
  });

  const build = async (
    name: string,
    sample: DebSample = {},
    options: { repository?: LocalRepository; limits?: Partial<Target['limits']> } = {},
  ): Promise<BuildOutcome & { log: string; rootLog: string }> => {
    const source = await stageDeb(top, name, sample);
    const { output, logs } = await freshDirectories(top, name);
    const outcome = await builder.build({
      target: { ...target, limits: { ...target.limits, ...options.limits } },
      source,
      repository: options.repository ?? null,
      ...{ output, logs, signal: never },
    });
    const read = (file: string) => readFile(join(logs, file), 'utf8').catch(() => '');
    return { ...outcome, log: await read('build.log'), rootLog: await read('root.log') };
  };
  const repositoryOf = (name: string, outcomes: readonly BuildOutcome[]) =>
    debRepository(
      join(top, `repository-${name}`),
      outcomes.flatMap(({ files }) => files),
    );
  const verify = async (
    name: string,
    repository: LocalRepository,
    arch = 'all',
  ): Promise<VerifyOutcome & { log: string }> => {
    const { logs } = await freshDirectories(top, `verify-${name}`);
    const packages = [{ name, version: '1.0-1', arch, fullName: `${name}_1.0-1_${arch}` }];
    const outcome = await builder.verifyInstall({ target, repository, packages, logs, signal: never });
    return { ...outcome, log: await readFile(join(logs, 'install.log'), 'utf8').catch(() => '') };
  };

  test('builds a program with debhelper, records the root, and installs it', async () => {
    const outcome = await build('hello', {
      buildDepends: 'debhelper-compat (= 13)',
      upstream: {
        'hello.c': '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n',
        Makefile: 'hello: hello.c\ninstall:\n\tinstall -D hello $(DESTDIR)/usr/bin/hello\n',
        'debian/control': 'upstream’s own, which is not ours\n',
      },
      files: {
        rules: '#!/usr/bin/make -f\n%:\n\tdh $@\n',
        control: `Source: hello
Section: misc
Priority: optional
Maintainer: A <a@example.com>
Build-Depends: debhelper-compat (= 13)
Standards-Version: 4.6.2

Package: hello
Architecture: any
Depends: \${shlibs:Depends}, \${misc:Depends}
Description: hello
 Sample.
`,
      },
    });
    expect(outcome).toMatchObject({ ok: true, reason: null, detail: null });
    expect(outcome.files.map((file) => file.replace(/.*\//, ''))).toEqual([
      'hello-dbgsym_1.0-1_amd64.deb',
      'hello_1.0-1.debian.tar.xz',
      'hello_1.0-1.dsc',
      'hello_1.0-1_amd64.deb',
      'hello_1.0.orig.tar.gz',
    ]);
    expect(outcome.buildroot).toContainEqual(expect.stringMatching(/^debhelper_13\.\S+_all$/));
    expect(Object.keys(outcome.timings).sort()).toEqual(['build', 'overhead', 'pack', 'resolve']);
    const verified = await verify('hello', await repositoryOf('hello', [outcome]), 'amd64');
    expect(verified).toMatchObject({ ok: true, installed: ['hello_1.0-1_amd64'] });
    expect(await layersOf(state, target)).toEqual([]);
  });

  test('builds a native package against our repository, and keeps what it installed as a layer', async () => {
    const repository = await repositoryOf('libone', [await build('libone')]);
    const sample = { native: true, buildDepends: 'libone (>= 1.0-1)', build: 'grep -x libone /usr/share/libone/name' };
    const first = await build('user', sample, { repository });
    expect(first).toMatchObject({ ok: true });
    expect(first.files.map((file) => file.replace(/.*\//, ''))).toEqual([
      'user_1.0.dsc',
      'user_1.0.tar.xz',
      'user_1.0_all.deb',
    ]);
    expect(first.buildroot).toContain('libone_1.0-1_all');
    expect(await layersOf(state, target)).toHaveLength(1);
    const again = await build('user', sample, { repository });
    expect(again).toMatchObject({ ok: true, buildroot: first.buildroot });
    expect(again.timings).not.toHaveProperty('resolve');
    const other = await build('user2', { ...sample, buildDepends: 'libone' }, { repository });
    expect(other).toMatchObject({ ok: true, buildroot: first.buildroot });
    expect(other.rootLog).not.toContain('Setting up libone');
  });

  test('takes from the base repositories what the root does not have', async () => {
    const outcome = await build('python', { buildDepends: 'python3-iniconfig, libnothing | make' });
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.buildroot).toContainEqual(expect.stringMatching(/^python3-iniconfig_/));
  });

  test('our version counts, even where the root has a higher one', async () => {
    const old = await build('fakeroot', { version: '0.1-1' });
    expect(old).toMatchObject({ ok: true });
    const repository = await repositoryOf('fakeroot', [old]);
    const outcome = await build('older', {}, { repository });
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.buildroot.filter((name) => name.startsWith('fakeroot_'))).toEqual(['fakeroot_0.1-1_all']);
  });

  test('names a requirement that nothing has, in the resolver’s words', async () => {
    const absent = await build('absent', { buildDepends: 'nothing-has-this (>= 2)' });
    expect(absent).toMatchObject({
      ok: false,
      reason: 'deps_unresolvable',
      detail: containing('Depends: nothing-has-this (>= 2) but it is not installable'),
      files: [],
    });
  });

  test('tells a failing build by its last error', async () => {
    const outcome = await build('failing', { build: 'echo "it.c:1: error: no luck" >&2; exit 3' });
    expect(outcome).toMatchObject({ ok: false, reason: 'build_failed', detail: 'it.c:1: error: no luck' });
  });

  test('names a patch that does not apply, and a packaging that cannot be read', async () => {
    const patched = await build('patched', {
      files: {
        'patches/series': 'wrong.patch\n',
        'patches/wrong.patch': '--- a/README\n+++ b/README\n@@ -1 +1 @@\n-never there\n+new\n',
      },
    });
    expect(patched).toMatchObject({
      ok: false,
      reason: 'source_error',
      detail: containing('patch wrong.patch does not apply'),
    });
    const unreadable = await build('unreadable', { files: { control: 'this is no control file\n' } });
    expect(unreadable).toMatchObject({ ok: false, reason: 'source_error', detail: containing('debian/control') });
    const changed = await build('changed', { files: { changelog: 'nothing\n' } });
    expect(changed).toMatchObject({ ok: false, reason: 'source_error', detail: containing('changelog') });
  });

  test('a maintainer script that fails, and a dependency that nothing has, fail the install check', async () => {
    const post = await build('post', { files: { postinst: '#!/bin/sh\necho from the script\nexit 7\n' } });
    const verified = await verify('post', await repositoryOf('post', [post]));
    expect(verified).toMatchObject({ ok: false, reason: 'install_failed', detail: containing('exit status 7') });
    expect(verified.detail).toContain('post');
    expect(verified.log).toContain('from the script');

    const broken = await build('unmet', { depends: 'nothing-has-this' });
    expect(await verify('unmet', await repositoryOf('unmet', [broken]))).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: containing('Depends: nothing-has-this but it is not installable'),
    });
  });

  test('the install check takes from the base repositories what the clean root does not have', async () => {
    const needy = await build('needy', { depends: 'make' });
    const verified = await verify('needy', await repositoryOf('needy', [needy]));
    expect(verified).toMatchObject({ ok: true });
    expect(verified.installed).toContainEqual(expect.stringMatching(/^make_/));
    expect(verified.installed).toContain('needy_1.0-1_all');
  });

  test('neither a build nor a maintainer script can write outside or reach a network', async () => {
    const marker = join(top, 'escaped');
    const script = `echo x > ${marker}; echo x > /proc/1/root${marker}; cat /proc/net/dev; id`;
    const outcome = await build('hostile', {
      build: `(${script}) || :`,
      files: { preinst: `#!/bin/sh\n(${script})\nexit 0\n` },
    });
    expect(outcome).toMatchObject({ ok: true });
    const verified = await verify('hostile', await repositoryOf('hostile', [outcome]));
    expect(verified).toMatchObject({ ok: true });
    for (const log of [outcome.log, verified.log]) expect(log).not.toContain('eth0');
    expect(outcome.log).toContain('uid=1000(builder)');
    await expect(stat(marker)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('the time limit ends a build', async () => {
    const slow = await build('slow', { build: 'sleep 600' }, { limits: { time: 4 } });
    expect(slow).toMatchObject({ ok: false, reason: 'timeout', detail: containing('limit of 4 s') });
  });

  test('a base archive that is gone is trouble of the machine', async () => {
    const baseRepositories = debTarget('/nowhere/at/all').baseRepositories;
    const prepare = builder.prepare(
      { ...target, baseRepositories },
      { refresh: true, report: () => undefined, signal: never },
    );
    await expect(prepare).rejects.toMatchObject({ code: 'target_not_ready', where: '/nowhere/at/all' });
    expect((await builder.check(target)).missing).toEqual([]);
  });
});
