import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../../src/lib/index.ts';
import { rpmRepository, spec } from '../samples.ts';
import { layersOf } from './prepared.ts';
import { openRpmWorkshop, type RpmWorkshop } from './rpm-workshop.ts';
import { sampled } from '../../../sampled.ts';

const containing = (text: string): unknown => expect.stringContaining(text);

describe('the sandbox builder with RPMs', () => {
  let workshop: RpmWorkshop;

  beforeAll(async () => {
    workshop = await openRpmWorkshop();
  }, 300_000);
  afterAll(() => workshop.close());
  const library = async () => {
    const outcome = await workshop.build('libone', spec('libone', { header: 'Provides: pkgconfig(one) = 1.0' }));
    return { outcome, repository: await workshop.repositoryOf('libone', [outcome]) };
  };

  test('builds a program from a tarball, records the root, and installs it', async () => {
    await writeFile(join(workshop.top, 'hello.c'), '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n');
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
    const outcome = await workshop.build('hello', text, {
      sources: { 'hello.c': await readFile(join(workshop.top, 'hello.c'), 'utf8') },
    });
    expect(outcome).toMatchObject({ ok: true, reason: null, detail: null });
    expect(outcome.files.map((file) => file.replace(/.*\//, ''))).toEqual([
      'hello-1.0-1.tl12.src.rpm',
      'hello-1.0-1.tl12.x86_64.rpm',
    ]);
    expect(outcome.buildroot).toContainEqual(expect.stringMatching(/^gcc-4:12\.\S+\.x86_64$/));
    expect(Object.keys(outcome.timings).sort()).toEqual(['build', 'overhead', 'pack', 'resolve']);
    for (const file of outcome.files) expect((await stat(file)).uid).toBe(0);

    const verified = await workshop.verify('hello', await workshop.repositoryOf('hello', [outcome]));
    expect(verified).toMatchObject({ ok: true, reason: null, installed: ['hello-1.0-1.tl12.x86_64'] });
    expect(await layersOf(workshop.state, workshop.target)).toEqual([]);
  });

  sampled('builds against our repository, and keeps what it installed as a layer', async () => {
    const { repository } = await library();
    const text = spec('user', {
      header: 'BuildRequires: pkgconfig(one) >= 1',
      build: 'test "$(cat /usr/share/libone/name)" = libone',
    });
    const first = await workshop.build('user', text, { repository });
    expect(first).toMatchObject({ ok: true });
    expect(first.buildroot).toContain('libone-1.0-1.tl12.x86_64');
    expect(first.rootLog).toContain('dnf: installed');
    const layers = await layersOf(workshop.state, workshop.target);
    expect(layers).toHaveLength(1);

    const again = await workshop.build('user', text, { repository });
    expect(again).toMatchObject({ ok: true, buildroot: first.buildroot });
    expect(again.timings).not.toHaveProperty('resolve');

    // Another snapshot that resolves to the same packages.
    const moved = await rpmRepository(join(workshop.top, 'repository-moved'), (await library()).outcome.files);
    await run(['touch', join(moved.path, 'marker')]);
    const elsewhere = await workshop.build('user2', text.replaceAll('user', 'user2'), { repository: moved });
    expect(elsewhere).toMatchObject({ ok: true, buildroot: first.buildroot });
  });

  test('our version counts, even where the root has a higher one', async () => {
    const old = await workshop.build(
      'make',
      spec('make', { version: '0.1', header: 'Epoch: 1\nProvides: /usr/bin/make' }),
    );
    const repository = await workshop.repositoryOf('make', [old]);
    const outcome = await workshop.build('older', spec('older', { header: 'BuildRequires: make' }), { repository });
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.buildroot.filter((name) => name.startsWith('make-'))).toEqual(['make-1:0.1-1.tl12.x86_64']);
  });

  test('names a requirement that nothing has, in the resolver’s words', async () => {
    const absent = await workshop.build('absent', spec('absent', { header: 'BuildRequires: nothing-has-this >= 2' }));
    expect(absent).toMatchObject({
      ok: false,
      reason: 'deps_unresolvable',
      detail: "No matching package to install: 'nothing-has-this >= 2'",
      files: [],
    });
    const broken = await workshop.build('broken', spec('broken', { header: 'Requires: nothing-has-this' }));
    const repository = await workshop.repositoryOf('broken', [broken]);
    const deep = await workshop.build('deep', spec('deep', { header: 'BuildRequires: broken' }), { repository });
    expect(deep).toMatchObject({ ok: false, reason: 'deps_unresolvable' });
    expect(deep.detail).toContain('nothing provides nothing-has-this needed by broken-1.0-1.tl12.x86_64');
  });

  test('tells a failing build by its last error', async () => {
    const sources = { 'bad.c': 'int main(void) { return undeclared; }\n' };
    const outcome = await workshop.build(
      'failing',
      spec('failing', { header: 'Source0: bad.c', build: 'gcc %{SOURCE0}' }),
      {
        sources,
      },
    );
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
    const outcome = await workshop.build('patched', text, {
      sources: { file: 'something else\n', 'wrong.patch': patch },
    });
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'source_error',
      detail: containing('patch wrong.patch does not apply'),
    });
  });

  test('a spec that does not parse and a source that is not there are source errors', async () => {
    const syntax = await workshop.build('syntax', spec('syntax').replace('License: MIT', 'License: MIT\nLicence: MIT'));
    expect(syntax).toMatchObject({ ok: false, reason: 'source_error', detail: containing('error: ') });
    const lost = await workshop.build('lost', spec('lost', { header: 'Source0: lost.tar.gz' }));
    expect(lost).toMatchObject({ ok: false, reason: 'source_error', detail: containing('lost.tar.gz') });
  });

  test('asks a package for the requirements it generates', async () => {
    const { repository } = await library();
    const text = spec('dynamic', { build: 'test -e /usr/share/libone/name' }).replace(
      '%build',
      '%generate_buildrequires\necho "pkgconfig(one)"\n%build',
    );
    const outcome = await workshop.build('dynamic', text, { repository });
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.buildroot).toContain('libone-1.0-1.tl12.x86_64');
    const sourceRpm = outcome.files.find((file) => file.endsWith('.src.rpm')) ?? '';
    expect((await run(['rpm', '-qpR', '--dbpath', join(workshop.top, 'rpmdb'), sourceRpm])).stdout).toContain(
      'pkgconfig(one)',
    );
  });

  test('a scriptlet that fails is a failure, though dnf exits 0', async () => {
    const outcome = await workshop.build(
      'post',
      spec('post', { scriptlets: '%post\necho from the scriptlet\nexit 7\n' }),
    );
    const verified = await workshop.verify('post', await workshop.repositoryOf('post', [outcome]));
    expect(verified).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: containing('%post(post-1.0-1.tl12.x86_64) scriptlet failed, exit status 7'),
    });
    expect(verified.log).toContain('from the scriptlet');
    const pre = await workshop.build('pre', spec('pre', { scriptlets: '%pre\nexit 3\n' }));
    expect(await workshop.verify('pre', await workshop.repositoryOf('pre', [pre]))).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: containing('scriptlet failed, exit status 3'),
    });
  });

  sampled('the install check starts from a clean root and says what is missing or in the way', async () => {
    const needy = await workshop.build('needy', spec('needy', { header: 'Requires: gcc' }));
    const installed = await workshop.verify('needy', await workshop.repositoryOf('needy', [needy]));
    expect(installed).toMatchObject({ ok: true });
    expect(installed.installed).toContainEqual(expect.stringMatching(/^gcc-4:/));

    const broken = await workshop.build('unmet', spec('unmet', { header: 'Requires: nothing-has-this = 3' }));
    expect(await workshop.verify('unmet', await workshop.repositoryOf('unmet', [broken]))).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: containing('nothing provides nothing-has-this = 3 needed by unmet-1.0-1.tl12.x86_64'),
    });

    const overlapping = await Promise.all(
      ['left', 'right'].map((name) =>
        workshop.build(
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
    expect(
      await workshop.verify('left', await workshop.repositoryOf('overlap', overlapping), ['left', 'right']),
    ).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: containing('/usr/share/both'),
    });
    expect(await workshop.verify('ghost', await workshop.repositoryOf('needy', [needy]))).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: "No matching package to install: 'ghost-1.0-1.tl12.x86_64'",
    });
  });
});
