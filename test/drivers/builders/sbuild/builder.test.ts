import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBaseRepositories } from '../../../../scripts/base-repositories.ts';
import { createSbuildBuilder } from '../../../../src/drivers/builders/sbuild/index.ts';
import type { BuildOutcome, LocalRepository, StagedSource, Target } from '../../../../src/model/index.ts';
import {
  BASE,
  debianDirectory,
  debRepository,
  debTarget,
  freshDirectories,
  stageDeb,
  workDirectory,
} from '../samples.ts';
import { addSubordinateIds, sbuildMissing } from './machine.ts';
import { inSample } from '../../../sampled.ts';

const missing = sbuildMissing();
if (missing !== null) console.warn(`Skipped: tests with real sbuild, because ${missing}`);

/** Seconds that no other test sleeps for, to know our own processes by. */
const NAP = String(20_000 + process.pid);

describe.skipIf(missing !== null || !inSample('sbuild'))('the sbuild builder with real sbuild', () => {
  const never = new AbortController().signal;
  let top: string;
  let target: Target;
  let builder: ReturnType<typeof createSbuildBuilder>;

  beforeAll(async () => {
    addSubordinateIds();
    top = await workDirectory('sbuild');
    const base = await ensureBaseRepositories(BASE, () => undefined);
    target = debTarget(base.deb, { buildPackages: ['build-essential', 'debhelper'] });
    builder = createSbuildBuilder({ stateDirectory: join(top, 'state') });
    expect((await builder.check(target)).missing.map(({ what }) => what)).toEqual(['a prepared chroot']);
    await builder.prepare(target, { refresh: false, report: () => undefined, signal: never });
  }, 400_000);
  afterAll(async () => {
    await rm(top, { recursive: true, force: true });
  });

  const build = async (source: StagedSource, repository: LocalRepository | null = null) => {
    const directories = await freshDirectories(top, source.name);
    const outcome = await builder.build({ target, source, repository, ...directories, signal: never });
    return { ...outcome, logs: directories.logs };
  };
  const verify = async (name: string, version: string, repository: LocalRepository) => {
    const { logs } = await freshDirectories(top, `verify-${name}`);
    const packages = [{ name, version, arch: 'amd64', fullName: `${name}_${version}_amd64` }];
    return builder.verifyInstall({ target, repository, packages, logs, signal: never });
  };
  const debs = (outcome: BuildOutcome) => outcome.files.filter((file) => file.endsWith('.deb'));

  test('is ready and keeps what is prepared', async () => {
    expect(await builder.check(target)).toEqual({ missing: [] });
    expect(await builder.version()).toMatch(/^sbuild 0\.\d/);
    await builder.prepare(target, {
      refresh: false,
      report: () => expect.unreachable('nothing is to be made'),
      signal: never,
    });
  });

  test('builds against our repository before the base, and the result installs in a clean root', async () => {
    // The build root has the base's po-debconf 1.0; unzip is in the base, and in neither root.
    const ours = [
      await plainDeb(top, 'po-debconf', '0.1'),
      await plainDeb(top, 'needy', '1', 'Depends: nobody-has-this'),
    ];
    const scripted = await plainDeb(top, 'scripted', '1', '', '#!/bin/sh\necho it went wrong >&2\nexit 9\n');
    const repository = await debRepository(join(top, 'repository'), [...ours, scripted]);
    const packaging = debianDirectory('program', {
      buildDepends: 'po-debconf, unzip',
      depends: 'po-debconf (<< 0.2), unzip',
      build: 'test "$$(dpkg-query -W -f \'$${Version}\' po-debconf)" = 0.1',
    });
    const outcome = await build(await stageDeb(top, 'program', {}, packaging), repository);
    expect(outcome).toMatchObject({ ok: true, reason: null, detail: null });
    expect(outcome.files.map((file) => file.replace(/.*\//, ''))).toEqual([
      'program_1.0-1.debian.tar.xz',
      'program_1.0-1.dsc',
      'program_1.0.orig.tar.gz',
      'program_1.0-1_amd64.deb',
    ]);
    expect(outcome.buildroot).toContain('po-debconf_0.1_amd64');
    expect(outcome.buildroot.some((name) => name.startsWith('unzip_6'))).toBe(true);
    expect((await readdir(outcome.logs)).sort()).toEqual([
      'build.log',
      'program_1.0-1_amd64.buildinfo',
      'program_1.0-1_amd64.changes',
    ]);
    const next = await debRepository(join(top, 'next'), [...ours, scripted, ...debs(outcome)]);
    const verified = await verify('program', '1.0-1', next);
    expect(verified.detail).toBeNull();
    expect(verified.installed.map((name) => name.replace(/_.*/, ''))).toEqual(['po-debconf', 'program', 'unzip']);
    expect(await verify('needy', '1', next)).toMatchObject({
      ok: false,
      reason: 'install_failed',
      detail: 'needy : Depends: nobody-has-this but it is not installable',
    });
    const failing = await verify('scripted', '1', next);
    expect(failing).toMatchObject({ ok: false, reason: 'install_failed' });
    expect(failing.detail).toContain('dpkg: error processing package scripted (--configure)');
    expect(await verify('hostile; touch /x', '1', next)).toMatchObject({ ok: false, reason: 'install_failed' });
    const gone = join(top, 'gone');
    await mkdir(gone);
    expect(await verify('program', '1.0-1', { path: gone, also: [] })).toMatchObject({
      ok: false,
      reason: 'infra_error',
    });
    console.info(
      `sbuild: build ${(outcome.timings.total ?? 0).toFixed(1)} s, install check ${(verified.timings.install ?? 0).toFixed(1)} s`,
    );
  }, 200_000);

  test('says what cannot be met, and which patch does not apply', async () => {
    const unmet = await build(
      await stageDeb(top, 'unmet', {}, debianDirectory('unmet', { buildDepends: 'nobody-has-this (>= 2)' })),
    );
    expect(unmet).toMatchObject({ ok: false, reason: 'deps_unresolvable', files: [] });
    expect(unmet.detail).toBe('Depends: nobody-has-this (>= 2) but it is not installable');
    const patch = '--- a/README\n+++ b/README\n@@ -1 +1 @@\n-something else\n+new\n';
    const files = { 'patches/series': 'fix-readme.patch\n', 'patches/fix-readme.patch': patch };
    const patched = await build(await stageDeb(top, 'patched', {}, debianDirectory('patched', { files })));
    expect(patched).toMatchObject({ ok: false, reason: 'source_error' });
    expect(patched.detail).toContain('patch fix-readme.patch does not apply');
    const broken = await build(
      await stageDeb(top, 'broken', {}, { ...debianDirectory('broken'), control: 'Nonsense\n' }),
    );
    expect(broken).toMatchObject({ ok: false, reason: 'source_error' });
    expect(broken.detail).toContain('debian/control');
  }, 200_000);

  test('kill -9 leaves no process and no mount, and recover removes the files', async () => {
    const packaging = debianDirectory('killed', { build: `echo begun; sleep ${NAP}` });
    const source = await stageDeb(top, 'killed', {}, packaging);
    const directories = await freshDirectories(top, 'killed');
    const program = join(top, 'killed.mts');
    const module = new URL('../../../../src/drivers/builders/sbuild/index.ts', import.meta.url).pathname;
    await writeFile(
      program,
      `import { createSbuildBuilder } from ${JSON.stringify(module)};
const builder = createSbuildBuilder({ stateDirectory: ${JSON.stringify(join(top, 'state'))} });
await builder.build({ ...${JSON.stringify({ target, source, repository: null, ...directories })}, signal: new AbortController().signal });`,
    );
    const child = spawn(process.execPath, [program], { stdio: 'ignore' });
    const log = join(directories.logs, 'build.log');
    while (!(await readFile(log, 'utf8').catch(() => '')).includes('\nbegun')) {
      expect(child.exitCode).toBeNull();
      await pause(100);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    await pause(500);
    expect(await processesWith(top)).toEqual([]);
    expect(await readFile('/proc/mounts', 'utf8')).not.toContain(top);
    await createSbuildBuilder({ stateDirectory: join(top, 'state') }).recover();
    expect(await readdir(join(top, 'state', 'sbuild'))).toEqual(['targets']);
    expect(await builder.check(target)).toEqual({ missing: [] });
  }, 200_000);

  test('a target of another shape is not ready; one that cannot be made says why', async () => {
    const other = { ...target, installPackages: ['no-such-package'] };
    await expect(
      builder.build({
        target: other,
        source: await stageDeb(top, 'early', {}, debianDirectory('early')),
        repository: null,
        ...(await freshDirectories(top, 'early')),
        signal: never,
      }),
    ).rejects.toMatchObject({ code: 'target_not_ready' });
    const strange = { ...target, baseRepositories: [] };
    await expect(
      builder.prepare(strange, { refresh: false, report: () => undefined, signal: never }),
    ).rejects.toMatchObject({ code: 'target_not_ready' });
    const rpm = await builder.check({ ...target, format: 'rpm' });
    expect(rpm.missing[0]?.what).toContain('debs only');
  });
});

/** A .deb made without a build. */
async function plainDeb(top: string, name: string, version: string, field = '', postinst?: string): Promise<string> {
  const tree = join(top, 'plain', name);
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  const control = `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: ${name}\n`;
  await writeFile(join(tree, 'DEBIAN/control'), `${control}${field === '' ? '' : `${field}\n`}`);
  if (postinst !== undefined) await writeFile(join(tree, 'DEBIAN/postinst'), postinst, { mode: 0o755 });
  const file = join(top, 'plain', `${name}_${version}_amd64.deb`);
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', tree, file], { stdio: 'ignore' });
  return file;
}

/** Command lines of processes that name `top` or sleep as only we do. */
async function processesWith(top: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(top) || command.includes(`sleep\0${NAP}`)) found.push(command);
  }
  return found;
}
