import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { sha256 } from '../../src/lib/index.ts';
import { addSample, deploy, deploySamples, DEB, only, RPM, type Deployment } from './fixture.ts';
import { aptClient, dnfClient } from './install.ts';
import { contentsOf, repositoryOf, standingsOf } from './published.ts';
import { debPackaging, rpmPackaging, spec, upstream } from './samples.ts';
import type { BuildView, PlaceView, RunView } from './views.ts';
import { sampled } from '../sampled.ts';

async function placeOf({ json }: Deployment, commit: string, target: string): Promise<PlaceView> {
  return only((await json<PlaceView[]>(['where', commit])).filter((one) => one.target === target));
}

sampled('a build’s directory has DLRN’s files, and dnf and apt install from it and from current', async () => {
  const deployment = await deploySamples(['alpha'], { formats: 'both' });
  const { json, dataDir, directory, samples } = deployment;
  const alpha = only(samples);
  const commit = await alpha.push('two');
  await json(['run']);
  for (const target of [RPM, DEB]) {
    const place = await placeOf(deployment, commit, target);
    const packaging = place.distgit.hash;
    expect(place.directory).toBe(
      `repos/${target}/${commit.slice(0, 2)}/${commit.slice(2, 4)}/${commit}_${packaging.slice(0, 8)}`,
    );
    const top = join(dataDir, place.directory ?? '');
    const format = target === RPM ? 'rpm' : 'deb';
    const own = format === 'rpm' ? ['delorean.repo', 'repodata'] : ['delorean.pref', 'delorean.sources', 'dists'];
    const logs = ['build.log', 'install.log', 'root.log'];
    expect(await readdir(top)).toEqual(['commit.yaml', 'installed', 'pool', 'versions.csv', ...logs, ...own].sort());
    expect((parse(await readFile(join(top, 'commit.yaml'), 'utf8')) as { commits: unknown[] }).commits).toMatchObject([
      {
        ...{ project_name: 'alpha', commit_hash: commit, distro_hash: packaging, commit_branch: 'main', type: format },
        ...{ status: 'SUCCESS', notes: 'OK', id: String(place.id), component: 'None' },
      },
    ]);
    const csv = (await readFile(join(top, 'versions.csv'), 'utf8')).split('\n');
    expect(csv[1]?.split(',').slice(0, 6)).toEqual([
      ...['alpha', alpha.upstream.path, commit, alpha.packaging.path, packaging, 'SUCCESS'],
    ]);
    expect(await readFile(join(top, 'build.log'), 'utf8')).toContain('build.sh');
    const published = await contentsOf(deployment, target);
    for (const { fileName, sha256: digest } of published)
      expect(sha256(await readFile(join(top, 'pool', digest.slice(0, 2), digest, fileName)))).toBe(digest);
    for (const [directoryOfClient, client] of [
      [top, 'delorean'],
      [repositoryOf(deployment, target), `trunkline-${target}`],
    ] as const) {
      const root = join(directory, `client-${format}-${client}`);
      const machine = await (format === 'rpm'
        ? dnfClient(root, join(directoryOfClient, `${client}.repo`))
        : aptClient(root, directoryOfClient, client));
      await machine.install('alpha');
      expect(await readFile(join(root, 'usr/share/alpha/content'), 'utf8')).toBe('two\n');
    }
  }
});

sampled(
  'a failed build has a directory with its logs and no repository; an earlier success stays as it was',
  async () => {
    const deployment = await deploySamples(['alpha']);
    const { json, dataDir, samples } = deployment;
    const alpha = only(samples);
    await json(['run']);
    const commit = await alpha.push('two', 'echo the tower fell; exit 3');
    await json(['run'], 1);
    const top = join(dataDir, (await placeOf(deployment, commit, RPM)).directory ?? '');
    expect(await readdir(top)).toEqual(['build.log', 'commit.yaml', 'root.log', 'versions.csv']);
    expect(await readFile(join(top, 'build.log'), 'utf8')).toContain('the tower fell');
    const [{ status, notes } = {}] = (
      parse(await readFile(join(top, 'commit.yaml'), 'utf8')) as { commits: { status: string; notes: string }[] }
    ).commits.map((one): { status?: string; notes?: string } => one);
    expect({ status, reason: notes?.split(':')[0] }).toEqual({ status: 'FAILED', reason: 'build_failed' });
    expect((await readFile(join(top, 'versions.csv'), 'utf8')).split('\n')[1]).toMatch(/^alpha,.*,FAILED,[1-9]\d{9},/);
    expect(await standingsOf(deployment, RPM)).toEqual(['alpha@1']);
  },
);

sampled('two projects from one source and one packaging repository have a directory each', async () => {
  const deployment = await deploy();
  const { json, dataDir } = deployment;
  const source = await deployment.repository('source');
  const packaging = await deployment.repository('packaging');
  const commit = await source.commit({ message: 'Begin', files: upstream('one') });
  await packaging.commit({ message: 'Package both', files: { 'a/one.spec': spec('one'), 'b/two.spec': spec('two') } });
  const entry = (path: string) => ({ upstream: source.path, packaging: { rpm: { url: packaging.path, path } } });
  await deployment.configure({ projects: { one: entry('a'), two: entry('b') } });
  await json(['run']);
  const places = await json<PlaceView[]>(['where', commit]);
  expect(places.map(({ project, result }) => `${project} ${result ?? ''}`).sort()).toEqual([
    'one success',
    'two success',
  ]);
  expect(new Set(places.map(({ directory }) => directory)).size).toBe(2);
  for (const { project, directory } of places) {
    const yaml = await readFile(join(dataDir, directory ?? '', 'commit.yaml'), 'utf8');
    expect(yaml).toContain(`project_name: ${project}\n`);
    expect(await readlink(join(dataDir, directory ?? '', 'repodata'))).toContain('snapshots/');
  }
  expect(await standingsOf(deployment, RPM)).toEqual(['one@1', 'two@1']);
});

sampled('a package name belongs to the project that published it first', async () => {
  const deployment = await deploySamples(['alpha']);
  const { json, samples, configure } = deployment;
  await json(['run']);
  const thief = await addSample(deployment, 'thief', { packaging: rpmPackaging('alpha') });
  await configure({ projects: { alpha: only(samples).entry, thief: thief.entry } });
  const run = await json<RunView>(['run'], 1);
  expect(run.builds).toMatchObject([{ project: 'thief', result: 'failure', reason: 'build_failed' }]);
  expect(run.builds[0]?.detail).toMatch(
    /name alpha belongs to the project alpha .*\(rename the package in the packaging of thief/,
  );
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@1']);
});

sampled(
  'a library’s new version is what its dependent is built with, through the snapshot, in both formats',
  async () => {
    const deployment = await deploy();
    const { json, directory } = deployment;
    const lib = await addSample(deployment, 'lib', { formats: 'both' });
    const both = await addSample(deployment, 'app', { formats: 'both' });
    await both.packaging.commit({
      message: 'Need lib',
      files: {
        ...rpmPackaging('app', { preamble: 'BuildRequires: lib\nRequires: lib' }),
        ...debPackaging('app', { buildDepends: 'lib', depends: 'lib' }),
      },
    });
    const build = 'cat /usr/share/lib/content >>content';
    await both.push('app one', build);
    await deployment.configure({ projects: { app: both.entry, lib: lib.entry } });
    const first = await json<RunView>(['run', '--order']);
    expect(first.builds.map(({ result }) => result)).toEqual(['success', 'success', 'success', 'success']);
    await lib.push('lib two');
    await json(['run']);
    await both.push('app two', build);
    await json(['run']);
    for (const target of [RPM, DEB]) {
      const [last] = (await json<BuildView[]>(['builds', '--project', 'app', '--target', target])).slice(0, 1);
      const { attempts } = await json<{ attempts: { inputs: { buildroot: string[]; installed: string[] } }[] }>([
        ...['build', 'show', String(last?.id)],
      ]);
      const libName = (await contentsOf(deployment, target)).find((one) => one.name === 'lib' && one.kind === 'binary');
      expect(attempts[0]?.inputs.buildroot).toContain(libName?.fullName);
      expect(attempts[0]?.inputs.installed).toContain(libName?.fullName);
      const root = join(directory, `client-${target}`);
      const machine = await (target === RPM
        ? dnfClient(root, join(repositoryOf(deployment, target), `trunkline-${target}.repo`))
        : aptClient(root, repositoryOf(deployment, target), `trunkline-${target}`));
      await machine.install('app');
      expect(await readFile(join(root, 'usr/share/app/content'), 'utf8')).toBe('app two\nlib two\n');
      expect(await readFile(join(root, 'usr/share/lib/content'), 'utf8')).toBe('lib two\n');
    }
  },
);
