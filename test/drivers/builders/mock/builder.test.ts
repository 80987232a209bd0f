import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBaseRepositories } from '../../../../scripts/base-repositories.ts';
import { createLauncher } from '../../../../src/drivers/builders/mock/command.ts';
import { mockConfiguration } from '../../../../src/drivers/builders/mock/configuration.ts';
import { createMockBuilder } from '../../../../src/drivers/builders/mock/index.ts';
import { createSlots } from '../../../../src/drivers/builders/mock/slots.ts';
import type { BuildOutcome, LocalRepository, Target } from '../../../../src/model/index.ts';
import { BASE, freshDirectories, rpmRepository, rpmTarget, spec, stageRpm, workDirectory } from '../samples.ts';
import { mockMissing } from './machine.ts';

const missing = mockMissing();
if (missing !== null) console.warn(`Skipped: tests with real mock, because ${missing}`);

/** Seconds that no other test sleeps for, to know our own processes by. */
const NAP = String(10_000 + process.pid);
const containing = (text: string): unknown => expect.stringContaining(text);

describe.skipIf(missing !== null)('the mock builder with real mock', { timeout: 180_000 }, () => {
  const never = new AbortController().signal;
  let top: string;
  let target: Target;
  let builder: ReturnType<typeof createMockBuilder>;

  beforeAll(async () => {
    top = await workDirectory('mock');
    const base = await ensureBaseRepositories(BASE, () => undefined);
    target = rpmTarget(base.rpm);
    builder = createMockBuilder({ stateDirectory: join(top, 'state') });
    await builder.prepare(target, { refresh: false, report: () => undefined, signal: never });
  }, 240_000);
  afterAll(async () => {
    await rm(top, { recursive: true, force: true });
  });

  const build = async (
    name: string,
    text: string,
    options: { repository?: LocalRepository; target?: Target; signal?: AbortSignal } = {},
  ): Promise<BuildOutcome & { logs: string }> => {
    const source = await stageRpm(top, name, text);
    const directories = await freshDirectories(top, name);
    const outcome = await builder.build({
      target: options.target ?? target,
      source,
      repository: options.repository ?? null,
      ...directories,
      signal: options.signal ?? never,
    });
    return { ...outcome, logs: directories.logs };
  };
  const verify = async (name: string, fullNames: readonly string[], repository: LocalRepository) => {
    const { logs } = await freshDirectories(top, `verify-${name}`);
    const packages = fullNames.map((fullName) => ({
      name: fullName.split('-')[0] ?? '',
      version: '',
      arch: '',
      fullName,
    }));
    return { ...(await builder.verifyInstall({ target, repository, packages, logs, signal: never })), logs };
  };
  const binaries = (outcome: BuildOutcome) => outcome.files.filter((file) => !file.endsWith('.src.rpm'));

  test('is ready, says its version and keeps what is prepared', async () => {
    expect(await builder.check(target)).toEqual({ missing: [] });
    expect(await builder.version()).toMatch(/^mock \d/);
    const reports: string[] = [];
    await builder.prepare(target, { refresh: false, report: (line) => reports.push(line), signal: never });
    expect(reports).toEqual([]);
  });

  test('builds against our repository before the base, and installs the result in a clean root', async () => {
    // autopoint is in the base too, with a higher version.
    const library = await build('autopoint', spec('autopoint', { version: '0.1' }));
    expect(library).toMatchObject({ ok: true, reason: null });
    expect(library.files.map((file) => file.replace(/.*\//, ''))).toEqual([
      'autopoint-0.1-1.tl12.src.rpm',
      'autopoint-0.1-1.tl12.x86_64.rpm',
    ]);
    // unzip is in the build root already, with a higher version of the base.
    const present = await build('unzip', spec('unzip', { version: '0.2' }));
    const repository = await rpmRepository(join(top, 'repository'), [...binaries(library), ...binaries(present)]);
    const program = await build(
      'program',
      spec('program', { header: 'BuildRequires: autopoint, gcc\nRequires: autopoint' }),
      {
        repository,
      },
    );
    expect(program.detail).toBeNull();
    expect(program.buildroot).toContain('autopoint-0.1-1.tl12.x86_64');
    expect(program.buildroot.filter((name) => name.startsWith('unzip-'))).toEqual(['unzip-0.2-1.tl12.x86_64']);
    expect(program.buildroot.some((name) => name.startsWith('gcc-'))).toBe(true);
    expect(await readFile(join(program.logs, 'build.log'), 'utf8')).toContain('Wrote: /builddir/build/RPMS/program');
    expect((await readdir(program.logs)).sort()).toEqual([
      'build.log',
      'installed_pkgs.log',
      'mock.log',
      'root.log',
      'state.log',
    ]);
    const next = await rpmRepository(join(top, 'next'), [...binaries(library), ...binaries(program)]);
    const verified = await verify('program', ['program-1.0-1.tl12.x86_64'], next);
    expect(verified).toMatchObject({ ok: true, reason: null });
    expect(verified.installed).toEqual(['autopoint-0.1-1.tl12.x86_64', 'program-1.0-1.tl12.x86_64']);
    const again = await verify('again', ['program-1.0-1.tl12.x86_64'], next);
    expect(again.installed).toEqual(verified.installed);
    console.info(
      `mock: build ${(program.timings.total ?? 0).toFixed(2)} s, install check ${(verified.timings.install ?? 0).toFixed(2)} s`,
    );
  });

  test('an unmet requirement, a failing scriptlet and a vanished repository are told apart by the install check', async () => {
    const needy = await build('needy', spec('needy', { header: 'Requires: nobody-has-this' }));
    const scripted = await build('scripted', spec('scripted', { scriptlets: '%post\nexit 7' }));
    const repository = await rpmRepository(join(top, 'failing'), [...binaries(needy), ...binaries(scripted)]);
    const unmet = await verify('needy', ['needy-1.0-1.tl12.x86_64'], repository);
    expect(unmet).toMatchObject({ ok: false, reason: 'install_failed' });
    expect(unmet.detail).toContain('nothing provides nobody-has-this needed by needy-1.0-1.tl12.x86_64');
    expect(await readFile(join(unmet.logs, 'install.log'), 'utf8')).toContain('nobody-has-this');
    const failing = await verify('scripted', ['scripted-1.0-1.tl12.x86_64'], repository);
    expect(failing).toMatchObject({ ok: false, reason: 'install_failed' });
    expect(failing.detail).toMatch(/%post\(scripted-1.0-1.tl12.x86_64\) scriptlet failed, exit status 7/);
    const empty = join(top, 'vanished');
    await mkdir(empty);
    expect(await verify('vanished', ['needy-1.0-1.tl12.x86_64'], { path: empty, also: [] })).toMatchObject({
      ok: false,
      reason: 'infra_error',
      detail: containing("Couldn't read a file:// file"),
    });
    expect(await verify('hostile', ['--nogpgcheck'], repository)).toMatchObject({
      ok: false,
      reason: 'install_failed',
    });
  });

  test('says why a build failed, and builds in the same slot afterwards', async () => {
    expect(await build('needs', spec('needs', { header: 'BuildRequires: nobody-has-this >= 2' }))).toMatchObject({
      ok: false,
      reason: 'deps_unresolvable',
      detail: "No matching package to install: 'nobody-has-this >= 2'",
    });
    expect(await build('fails', spec('fails', { build: 'echo no such luck; false' }))).toMatchObject({
      reason: 'build_failed',
      detail: containing('%build failed'),
    });
    expect(await build('syntax', 'Name: syntax\nVersion 1\n')).toMatchObject({
      reason: 'source_error',
      detail: 'line 2: Unknown tag: Version 1',
    });
    expect(
      await build('lying', spec('lying', { build: 'echo "Curl error (7): Could not resolve host"; false' })),
    ).toMatchObject({
      reason: 'build_failed',
    });
    expect(await build('fine', spec('fine'))).toMatchObject({ ok: true });
    const source = await stageRpm(top, 'quoted', spec('quoted'));
    const { output, logs } = await freshDirectories(top, 'quoted');
    const hostile = { ...source, mainFile: "x'; touch owned; '.spec" };
    expect(
      await builder.build({ target, source: hostile, repository: null, output, logs, signal: never }),
    ).toMatchObject({
      ok: false,
      reason: 'source_error',
    });
  });

  test('ends a build that takes too long with all its processes, and builds in the same place afterwards', async () => {
    const limits = { ...target.limits, time: 4 };
    const slow = await build('slow', spec('slow', { build: `setsid sleep ${NAP} & sleep ${NAP}` }), {
      target: { ...target, limits },
    });
    expect(slow).toMatchObject({ ok: false, reason: 'timeout', files: [] });
    expect(await processesBelow(top)).toEqual([]);
    expect(await build('after', spec('after'))).toMatchObject({ ok: true });
  });

  test('two builds at once, one of them given up', async () => {
    const stop = new AbortController();
    const given = build('given', spec('given', { build: 'sleep 300' }), { signal: stop.signal });
    given.catch(() => undefined);
    expect(await build('beside', spec('beside'))).toMatchObject({ ok: true });
    stop.abort();
    await expect(given).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('kill -9 leaves no process and no mount, and the next start builds again', async () => {
    const source = await stageRpm(top, 'killed', spec('killed', { build: `echo begun; sleep ${NAP}` }));
    const directories = await freshDirectories(top, 'killed');
    const program = join(top, 'killed.mts');
    await writeFile(
      program,
      `import { createMockBuilder } from ${JSON.stringify(new URL('../../../../src/drivers/builders/mock/index.ts', import.meta.url).pathname)};
const builder = createMockBuilder({ stateDirectory: ${JSON.stringify(join(top, 'state'))} });
await builder.build({ ...${JSON.stringify({ target, source, repository: null, ...directories })}, signal: new AbortController().signal });`,
    );
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'inherit'] });
    const log = join(directories.logs, 'build.log');
    while (!(await readFile(log, 'utf8').catch(() => '')).includes('\nbegun')) {
      expect(child.exitCode).toBeNull();
      await pause(100);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    await pause(300);
    expect(await processesBelow(top)).toEqual([]);
    expect(await readFile('/proc/mounts', 'utf8')).not.toContain(top);
    const restarted = createMockBuilder({ stateDirectory: join(top, 'state') });
    await restarted.recover();
    const again = await stageRpm(top, 'again', spec('again'));
    const fresh = await freshDirectories(top, 'restarted');
    expect(await restarted.build({ target, source: again, repository: null, ...fresh, signal: never })).toMatchObject({
      ok: true,
    });
  });

  test("a target's own mock configuration is what its root is made by", async () => {
    const own = join(top, 'own.cfg');
    await writeFile(
      own,
      "config_opts['root'] = 'own'\nconfig_opts['chroot_setup_cmd'] = 'install own-packages'\nconfig_opts['dnf.conf'] = '[main]'\n",
    );
    const launcher = await createLauncher(join(top, 'launcher'), process.env.TRUNKLINE_MOCK ?? 'mock');
    const lease = await createSlots().lease(join(top, 'own'), 'own', 'build');
    const file = join(top, 'ours.cfg');
    const repository = { path: '/srv/repository', also: [] };
    const options = { target: { ...target, mockConfig: own }, slot: lease.slot, repository, overlay: true, zstd: true };
    await writeFile(file, mockConfiguration(options));
    const { stdout } = await launcher.start(['-r', file, '--debug-config'], {});
    expect(stdout).toContain("config_opts['chroot_setup_cmd'] = 'install own-packages'");
    expect(stdout).toContain("config_opts['root'] = 'trunkline-own-build-0'");
    expect(stdout).toContain("'%dist': '.tl12'");
    expect(stdout).toMatch(/dnf\.conf[\s\S]*\[main\][\s\S]*baseurl=file:\/\/\/srv\/repository[\s\S]*priority=1/);
    expect(stdout).toContain("('/srv/repository', '/srv/repository')");
    expect(stdout).toContain("config_opts['rpmbuild_command'] = '2>&1 /usr/bin/rpmbuild'");
  });

  test('a target of another shape is not ready until it is prepared, and a root that cannot be made is an error', async () => {
    const other = { ...target, buildPackages: ['no-such-package'] };
    await expect(build('early', spec('early'), { target: other })).rejects.toMatchObject({ code: 'target_not_ready' });
    await expect(
      builder.prepare(other, { refresh: false, report: () => undefined, signal: never }),
    ).rejects.toMatchObject({
      code: 'target_not_ready',
      message: containing('no-such-package'),
    });
    const deb = await builder.check({ ...target, format: 'deb' });
    expect(deb.missing[0]?.what).toContain('RPMs only');
  });
});

/** Command lines of processes whose root or working directory is below `top`, or that are ours by their arguments. */
async function processesBelow(top: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const root = await readlink(`/proc/${pid}/root`).catch(() => '');
    if (root.startsWith(top) || command.includes(top) || command.includes(`sleep\0${NAP}`)) found.push(command);
  }
  return found;
}
