import { expect } from 'vitest';
import { addSample, DEB, deploy, deploySamples, only, RPM, type Deployment, type Formats } from './fixture.ts';
import { setTraps } from './host.ts';
import { contentsOf } from './published.ts';
import { debPackaging, rpmPackaging, spec, upstream, type Files } from './samples.ts';
import type { RunView } from './views.ts';
import { sampled } from '../sampled.ts';

sampled('macros that run programs when a spec is read stay in the jail', async () => {
  const deployment = await deploySamples(['alpha', 'beta']);
  const [alpha] = deployment.samples;
  const traps = await setTraps();
  const lua = traps.paths.map((path) => `f = io.open("${path}", "w"); if f then f:close() end`).join('; ');
  const preamble = [
    `%(${traps.spring})`,
    `%{lua: ${lua}}`,
    `%{lua: os.execute("${traps.spring.replaceAll('"', '')}")}`,
    `%global ran %(touch /tmp/ran && echo yes)`,
    `%global host %(ls ${deployment.dataDir} 2>/dev/null | wc -l)`,
  ].join('\n');
  await alpha?.packaging.commit({
    message: 'Run programs',
    files: rpmPackaging('alpha', {
      preamble,
      build: 'echo "ran: %{ran}, host: %{host}"; sh ./build.sh',
    }),
  });
  // --order reads every spec for its requirements before anything is built.
  const { builds } = await deployment.json<RunView>(['run', '--order']);
  expect(builds.map(({ project, result }) => `${project} ${result}`).sort()).toEqual(['alpha success', 'beta success']);
  await traps.expectUnsprung();
  const id = builds.find(({ project }) => project === 'alpha')?.id;
  // That it ran at all shows that the traps were sprung, where they are nobody's.
  expect((await deployment.cli('log', String(id))).stdout).toMatch(/^ran: yes, host: 0$/m);
});

sampled('what debian/rules, its maintainer scripts and its control files try stays in the jail', async () => {
  const deployment = await deploySamples(['alpha'], { formats: 'deb' });
  const alpha = only(deployment.samples);
  const traps = await setTraps();
  const shell = `$(shell ${traps.spring})`;
  const own = debPackaging('alpha');
  const script = (name: string): Files => ({
    [`debian/${name}`]: { executable: `#!/bin/sh\n${traps.spring}\necho ${name} ran as $(id -u)\nexit 0\n` },
  });
  const rules = own['debian/rules'] as { executable: string };
  const withScripts = rules.executable
    .replace('build build-arch', `${shell}\nbuild build-arch`)
    .replace(
      '\tdpkg-gencontrol',
      '\tinstall -d debian/tmp/DEBIAN\n\tinstall -m 755 debian/preinst debian/postinst debian/tmp/DEBIAN\n\tdpkg-gencontrol',
    );
  const files = { ...own, 'debian/rules': { executable: withScripts }, ...script('preinst'), ...script('postinst') };
  await alpha.packaging.commit({ message: 'Run programs', files });
  const { builds } = await deployment.json<RunView>(['run', '--order']);
  expect(builds).toMatchObject([{ result: 'success' }]);
  await traps.expectUnsprung();
  const log = (await deployment.cli('log', '1', '--file', 'install.log')).stdout;
  expect(log).toContain('preinst ran as 0');
  expect(log).toContain('postinst ran as 0');
});

sampled(
  'a package’s Lua and shell scriptlets write into a clean root of the install check, and nowhere else',
  async () => {
    const deployment = await deploySamples(['alpha']);
    const alpha = only(deployment.samples);
    const traps = await setTraps();
    const lua = traps.paths.map((path) => `f = io.open("${path}", "w") if f then f:close() end`).join('\n');
    const more = `%pre -p <lua>
${lua}
posix.symlink("/etc", "/tmp/outside")
print("lua ran as " .. posix.getprocessid("uid"))

%post
${traps.spring}
hostname trunkline-was-here
mknod /tmp/disk b 254 0 && dd if=/dev/zero of=/tmp/disk count=1
echo 1 >/proc/sys/kernel/sysrq
chroot /proc/1/root touch ${traps.paths.join(' ')}
nsenter -t 1 -m touch ${traps.paths.join(' ')}
exit 0
`;
    await alpha.packaging.commit({ message: 'Run programs', files: rpmPackaging('alpha', { more }) });
    const { builds } = await deployment.json<RunView>(['run']);
    await traps.expectUnsprung();
    expect(builds).toMatchObject([{ result: 'success' }]);
    expect((await deployment.cli('log', '1', '--file', 'install.log')).stdout).toContain('lua ran as 0');
    expect(await contentsOf(deployment, RPM)).toHaveLength(2);
  },
);

sampled('a scriptlet that ends every process is the package’s fault, and the next build goes on', async () => {
  const { json, samples } = await deploySamples(['alpha', 'beta']);
  const [alpha] = samples;
  await alpha?.packaging.commit({ message: 'Kill', files: rpmPackaging('alpha', { more: '%post\nkill -9 -1\n' }) });
  const { builds } = await json<RunView>(['run', '--jobs', '1'], 1);
  expect(builds.map(({ project, result, reason }) => [project, result, reason]).sort()).toEqual([
    ['alpha', 'failure', 'install_failed'],
    ['beta', 'success', null],
  ]);
  expect(builds.find(({ project }) => project === 'alpha')?.detail).toContain('ended by signal 9');
});

sampled('the same for a maintainer script', async () => {
  const { json, samples } = await deploySamples(['alpha'], { formats: 'deb' });
  const own = debPackaging('alpha');
  const { executable } = own['debian/rules'] as { executable: string };
  const withScript = executable.replace(
    '\tdpkg-gencontrol',
    '\tinstall -m 755 debian/postinst debian/tmp/DEBIAN\n\tdpkg-gencontrol',
  );
  const postinst = { executable: '#!/bin/sh\nkill -9 -1\n' };
  const files = { ...own, 'debian/rules': { executable: withScript }, 'debian/postinst': postinst };
  await only(samples).packaging.commit({ message: 'Kill', files });
  const { builds } = await json<RunView>(['run'], 1);
  expect(builds).toMatchObject([{ result: 'failure', reason: 'install_failed' }]);
  expect(builds[0]?.detail).toContain('ended by signal 9');
});

/** The reasons a project's first build fails for, by format. */
async function failureOf(deployment: Deployment, name: string, formats: Formats, packaging: Files) {
  const sample = await addSample(deployment, name, { formats, packaging });
  await deployment.configure({ projects: { [name]: sample.entry } });
  const { builds } = await deployment.json<RunView>(['run', '--order'], 1);
  return only(builds);
}

sampled('packaging that is not there, twice there, or broken is a source error that says where', async () => {
  const deployment = await deploy();
  const none = await failureOf(deployment, 'none', 'rpm', { README: 'no spec\n' });
  expect(none.reason).toBe('source_error');
  expect(none.detail).toMatch(/no spec/i);
  expect((await deployment.cli('log', '1')).stdout.split('\n')).toEqual([
    expect.stringMatching(/^trunkline [0-9.]+: none for \S+ \(rpm, builder sandbox\)$/),
    expect.stringMatching(/^trunkline: upstream [0-9a-f]{40}, packaging [0-9a-f]{40}$/),
    '',
    `trunkline: source_error: ${String(none.detail)}`,
    '',
  ]);
  const two = await failureOf(deployment, 'two', 'rpm', { 'two.spec': spec('two'), 'other.spec': spec('other') });
  expect(two.reason).toBe('source_error');
  expect(two.detail).toMatch(/other\.spec.*two\.spec|two\.spec.*other\.spec/);
  const broken = await failureOf(deployment, 'broken', 'rpm', {
    'broken.spec': spec('broken', { preamble: '%if 1\nNoSuchTag: x' }),
  });
  expect(broken.reason).toBe('source_error');
  expect(broken.detail).toMatch(/line \d+|%if/);
  const nameless = await failureOf(deployment, 'nameless', 'rpm', { 'nameless.spec': 'Summary: nothing\n' });
  expect(nameless.reason).toBe('source_error');
  expect(nameless.detail).toMatch(/nameless\.spec/);
});

sampled('the same for deb', async () => {
  const deployment = await deploy();
  const none = await failureOf(deployment, 'none', 'deb', { README: 'no debian\n' });
  expect(none).toMatchObject({ target: DEB, reason: 'source_error' });
  expect(none.detail).toMatch(/debian/);
  const nameless = await failureOf(deployment, 'nameless', 'deb', {
    ...debPackaging('nameless'),
    'debian/control': 'Priority: optional\n',
  });
  expect(nameless.reason).toBe('source_error');
  expect(nameless.detail).toMatch(/debian\/control/);
  const broken = await failureOf(deployment, 'broken', 'deb', {
    ...debPackaging('broken'),
    'debian/control': 'Source: broken\nthis is no field\n',
  });
  expect(broken.reason).toBe('source_error');
  expect(broken.detail).toMatch(/debian\/control/);
  const patch = await failureOf(deployment, 'patched', 'deb', {
    ...debPackaging('patched'),
    'debian/patches/series': 'no-such-line.patch\n',
    'debian/patches/no-such-line.patch': '--- a/content\n+++ b/content\n@@ -1 +1 @@\n-nowhere\n+elsewhere\n',
  });
  expect(patch.reason).toBe('source_error');
  expect(patch.detail).toContain('no-such-line.patch');
});

sampled('a patch that no longer applies to an RPM’s source is a source error that names it', async () => {
  const deployment = await deploy();
  const patched = await failureOf(deployment, 'patched', 'rpm', {
    ...rpmPackaging('patched', { preamble: 'Patch0: no-such-line.patch' }),
    'patched.spec': spec('patched', { preamble: 'Patch0: no-such-line.patch' }).replace('%setup -q', '%autosetup -p1'),
    'no-such-line.patch': '--- a/content\n+++ b/content\n@@ -1 +1 @@\n-nowhere\n+elsewhere\n',
  });
  expect(patched.reason).toBe('source_error');
  expect(patched.detail).toContain('no-such-line.patch');
});

sampled('empty repositories and branches that are not there hold up their own project only', async () => {
  const deployment = await deploySamples(['good', 'branchless', 'packless']);
  const [good, branchless, packless] = deployment.samples;
  const empty = await deployment.repository('empty');
  const emptied = await addSample(deployment, 'emptied');
  const projects = {
    good: good?.entry ?? {},
    branchless: { ...branchless?.entry, upstream: { url: branchless?.upstream.path, branch: 'no-such-branch' } },
    packless: { ...packless?.entry, packaging: { rpm: { url: packless?.packaging.path, branch: 'neither' } } },
    emptied: { ...emptied.entry, upstream: empty.path },
    pathless: { ...emptied.entry, packaging: { rpm: { url: emptied.packaging.path, path: 'no/such/path' } } },
  };
  await deployment.configure({ projects });
  const run = await deployment.json<RunView>(['run'], 1);
  const said = Object.fromEntries([
    ...run.unreachable.map(({ project, message }) => [project, message] as const),
    ...run.builds.map(({ project, result, detail }) => [project, `${result} ${detail ?? ''}`] as const),
  ]);
  expect(said.good).toBe('success ');
  expect(said.branchless).toMatch(/no-such-branch/);
  expect(said.packless).toMatch(/neither/);
  expect(said.emptied).toMatch(/empty|no branch/i);
  expect(said.pathless).toMatch(/no\/such\/path/);
  await empty.commit({ message: 'Begin', files: upstream('one') });
  const later = await deployment.json<RunView>(['run', '--project', 'emptied']);
  expect(later.builds).toMatchObject([{ result: 'success' }]);
});
