import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { AMISS, aptMachine, dnfMachine, zypperMachine } from './client-machines.ts';
import { DEB, deploySamples, only, RPM } from './fixture.ts';
import { contentsOf, refOf, repositoryOf } from './published.ts';
import type { BuildView } from './views.ts';
import { sampled } from '../sampled.ts';

// Unpacked by scripts/setup.mjs.
const ZYPPER = fileURLToPath(new URL('../../.cache/tools/zypper/usr/bin/zypper', import.meta.url));
const TIMEOUT = 300_000;

const comps = (name: string) => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group>
    <id>both</id>
    <name>Both samples</name>
    <description>What the samples are</description>
    <uservisible>true</uservisible>
    <packagelist><packagereq type="mandatory">${name}</packagereq></packagelist>
  </group>
</comps>
`;
const module = (name: string, stream = 'trunk') => `document: modulemd
version: 2
data:
  name: ${name}
  stream: ${stream}
  summary: The module of ${name}
  description: A sample.
  license: { module: [MIT] }
  profiles: { common: { description: all of it, rpms: [${name}] } }
`;

sampled(
  'groups and modules that packagings supply are there for real clients, and gone when they are',
  async () => {
    const deployment = await deploySamples(['alpha', 'beta'], { formats: 'both', settings: { signing: {} } });
    const { json, cli, samples, directory } = deployment;
    const [alpha, beta] = samples;
    for (const sample of samples)
      await sample.packaging.commit({ message: 'Group it', files: { 'comps.xml': comps(sample.name) } });
    await alpha?.packaging.commit({ message: 'Module', files: { 'alpha.modulemd.yaml': module('alpha') } });
    await json(['key', 'rotate']);
    await json(['run']);
    const top = repositoryOf(deployment, RPM);
    const dnf = await dnfMachine(directory, join(top, `trunkline-${RPM}.repo`));
    const groups = await dnf.dnf('group', 'list', '--ids');
    expect(groups.said).toContain('Both samples (both)');
    expect(groups.said).not.toMatch(AMISS);
    expect((await dnf.dnf('group', 'info', 'both')).said).toMatch(/alpha\n\s*beta/);
    const listed = await dnf.dnf('module', 'list', 'alpha');
    expect(listed.said).toMatch(/alpha\s+trunk\s+common\s+The module of alpha/);
    expect(listed.said).not.toMatch(AMISS);
    const binaries = (await contentsOf(deployment, RPM)).filter(({ kind }) => kind === 'binary');
    const binary = only(binaries.filter(({ name }) => name === 'alpha'));
    expect((await dnf.dnf('module', 'info', 'alpha')).said).toContain(binary.fullName.replace('alpha-', 'alpha-0:'));
    expect(await dnf.dnf('group', 'install', 'both')).toMatchObject({ exitCode: 0 });
    expect((await dnf.installed()).map((name) => name.replace(/-.*/, ''))).toEqual(['alpha', 'beta']);
    const modular = await dnfMachine(directory, join(top, `trunkline-${RPM}.repo`));
    expect(await modular.dnf('module', 'install', 'alpha:trunk/common')).toMatchObject({ exitCode: 0 });
    expect((await modular.installed()).map((name) => name.replace(/-.*/, ''))).toEqual(['alpha']);
    expect(await json(['repo', 'verify', `${RPM}/current`])).toMatchObject({ findings: [] });

    // apt knows no such thing, and is not in its way.
    const debTop = repositoryOf(deployment, DEB);
    const apt = await aptMachine(directory, [join(debTop, `trunkline-${DEB}.sources`)]);
    expect(await apt.apt('update')).toMatchObject({ exitCode: 0 });
    if (existsSync(ZYPPER)) {
      const zypper = await zypperMachine(directory, join(top, `trunkline-${RPM}.repo`), ZYPPER);
      expect(await zypper.zypper('--gpg-auto-import-keys', 'refresh')).toMatchObject({ exitCode: 0 });
      expect((await zypper.zypper('search', 'alpha')).said).toContain('alpha');
    }

    // The snapshot of before keeps its groups when a packaging has none any more.
    const before = (await refOf(deployment, RPM, 'current')) ?? '';
    await beta?.packaging.commit({ message: 'No group', files: { 'comps.xml': null } });
    await json(['run']);
    expect((await dnf.dnf('--refresh', 'group', 'info', 'both')).said).not.toContain('beta');
    const old = await dnfMachine(directory, join(top, 'snapshots', before, `trunkline-${RPM}.repo`));
    expect((await old.dnf('group', 'info', 'both')).said).toContain('beta');
    // A pin to a version has what was supplied with it.
    const [version = ''] =
      /(?<=^beta-).*(?=\.noarch$)/.exec(only(binaries.filter(({ name }) => name === 'beta')).fullName) ?? [];
    await json(['pin', 'beta', version, '--reason', 'its group is missed']);
    expect((await dnf.dnf('--refresh', 'group', 'info', 'both')).said).toContain('beta');
    await json(['unpin', 'beta']);
    expect((await dnf.dnf('--refresh', 'group', 'info', 'both')).said).not.toContain('beta');

    // Another project's module, and what is no module, fail the build and change nothing.
    const current = await refOf(deployment, RPM, 'current');
    await beta?.packaging.commit({ message: 'Take it', files: { 'modulemd.yaml': module('alpha', 'mine') } });
    expect((await cli('run')).code).toBe(1);
    const [taken] = await json<BuildView[]>(['builds', '--project', 'beta', '--target', RPM, '--limit', '1']);
    expect(taken).toMatchObject({
      result: 'failure',
      detail: expect.stringContaining('module alpha belongs to') as string,
    });
    await beta?.packaging.commit({ message: 'Bomb', files: { 'modulemd.yaml': 'a: &a [x]\nb: [*a, *a]\n' } });
    expect((await cli('run')).code).toBe(1);
    const [bomb] = await json<BuildView[]>(['builds', '--project', 'beta', '--target', RPM, '--limit', '1']);
    expect(bomb).toMatchObject({
      reason: 'source_error',
      detail: expect.stringContaining('modulemd.yaml:2') as string,
    });
    expect(await refOf(deployment, RPM, 'current')).toBe(current);
    expect((await readdir(join(top, 'snapshots', before, 'repodata'))).length).toBeGreaterThan(6);
  },
  TIMEOUT,
);

sampled(
  'groups and modules are read from a repository compressed with zstd too',
  async () => {
    const settings = { targets: { [RPM]: { compression: 'zstd' } } };
    const deployment = await deploySamples(['alpha'], { settings });
    const files = { 'comps.xml': comps('alpha'), 'modules.yaml': module('alpha') };
    await only(deployment.samples).packaging.commit({ message: 'Group it', files });
    await deployment.json(['run']);
    const client = join(repositoryOf(deployment, RPM), `trunkline-${RPM}.repo`);
    const dnf = await dnfMachine(deployment.directory, client);
    const listed = await dnf.dnf('group', 'list');
    expect(listed.said).toContain('Both samples');
    expect(listed.said).not.toMatch(AMISS);
    expect((await dnf.dnf('module', 'list', 'alpha')).said).toMatch(/alpha\s+trunk/);
    expect(await dnf.dnf('group', 'install', 'both')).toMatchObject({ exitCode: 0 });
  },
  TIMEOUT,
);
