import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { sha256File } from '../../src/lib/index.ts';
import { AMISS, aptMachine, dnfMachine } from './client-machines.ts';
import { DEB, deploySamples, only, RPM, runningBuilds, until, type Deployment } from './fixture.ts';
import { checkRepository } from './integrity.ts';
import { refOf, repositoryOf } from './published.ts';
import { sampled } from '../sampled.ts';

const TIMEOUT = 300_000;
const WHY = ['--reason', 'it is asked for'];

interface MadeView {
  snapshot: string;
  directory: string;
  wasThere: boolean;
  until: string;
}

/** What is below a directory: path → digest, or the target of a link. */
async function contents(of: string): Promise<Record<string, string>> {
  const entries = (await readdir(of, { recursive: true, withFileTypes: true })).filter((one) => !one.isDirectory());
  const found = entries.map(async (one) => {
    const path = join(one.parentPath, one.name);
    return [path.slice(of.length), one.isSymbolicLink() ? await readlink(path) : await sha256File(path)] as const;
  });
  return Object.fromEntries((await Promise.all(found)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const filesOf = async (deployment: Deployment, target: string) =>
  (await readdir(join(repositoryOf(deployment, target), 'snapshots'))).sort();

sampled(
  'old snapshots are files no more, come back byte for byte, and real clients install from them',
  async () => {
    const deployment = await deploySamples(['alpha'], { formats: 'both' });
    const { cli, json, samples, directory, configure } = deployment;
    const [alpha] = samples;
    const projects = { alpha: alpha?.entry ?? {} };
    /** What `trunkline run` leaves; a second is over in any case. */
    const runWith = async (grace: string) => {
      await configure({ projects, settings: { materialised: { keep_last: 1, grace } } });
      await pause(1100);
      await json(['run']);
    };
    const first = new Map<string, string>();
    const before = new Map<string, Record<string, string>>();
    await json(['run']);
    for (const target of [RPM, DEB]) {
      const hash = (await refOf(deployment, target, 'current')) ?? '';
      first.set(target, hash);
      before.set(target, await contents(join(repositoryOf(deployment, target), 'snapshots', hash)));
    }
    const places = await json<{ target: string; directory: string }[]>([
      'where',
      (await alpha?.upstream.git('rev-parse', 'main'))?.trim() ?? '',
    ]);
    await alpha?.push('two');
    await runWith('1h');
    // A moment ago `current` was there: whoever read the mirror list then is still reading.
    for (const target of [RPM, DEB]) expect(await filesOf(deployment, target)).toContain(first.get(target));
    await runWith('1s');
    for (const target of [RPM, DEB]) {
      const [hash, top] = [first.get(target) ?? '', repositoryOf(deployment, target)];
      expect(await filesOf(deployment, target)).toEqual([await refOf(deployment, target, 'current')]);
      expect(await json(['snapshot', 'show', `${target}/${hash}`])).toMatchObject({
        ...{ snapshot: hash, materialised: false, goneAt: null },
      });
      const place = join(deployment.dataDir, only(places.filter((one) => one.target === target)).directory);
      const logs = await readdir(place);
      expect(logs).toContain('build.log');
      for (const name of ['pool', 'repodata', 'dists', 'delorean.repo', 'delorean.sources'])
        expect(logs).not.toContain(name);
      const made = await json<MadeView>(['snapshot', 'materialise', `${target}/${hash.slice(0, 8)}`]);
      expect(made).toMatchObject({ snapshot: hash, wasThere: false, directory: join(top, 'snapshots', hash) });
      expect(await contents(made.directory)).toEqual(before.get(target));
      expect(await readdir(place)).toEqual(expect.arrayContaining(['pool', target === RPM ? 'repodata' : 'dists']));
      await checkRepository(deployment, target);
    }
    const [rpm, deb] = [RPM, DEB].map((target) =>
      join(repositoryOf(deployment, target), 'snapshots', first.get(target) ?? ''),
    );
    const dnf = await dnfMachine(directory, join(rpm ?? '', `trunkline-${RPM}.repo`));
    expect(await dnf.dnf('install', 'alpha')).toMatchObject({ exitCode: 0 });
    const apt = await aptMachine(directory, [join(deb ?? '', `trunkline-${DEB}.sources`)]);
    expect(await apt.apt('update')).toMatchObject({ exitCode: 0 });
    expect(await apt.apt('install', 'alpha')).toMatchObject({ exitCode: 0 });

    // Asked for not long ago; then only what is held stays.
    await runWith('1h');
    for (const target of [RPM, DEB]) expect(await filesOf(deployment, target)).toContain(first.get(target));
    await json(['hold', 'add', `${RPM}/${first.get(RPM) ?? ''}`, ...WHY]);
    await runWith('1s');
    expect(await filesOf(deployment, RPM)).toContain(first.get(RPM));
    expect(await filesOf(deployment, DEB)).not.toContain(first.get(DEB));
    // A ref makes the files it needs.
    await json(['ref', 'set', `${DEB}/tested`, first.get(DEB) ?? '', ...WHY]);
    expect((await apt.apt('update')).exitCode).toBe(0);
    await json(['hold', 'remove', `${RPM}/${first.get(RPM) ?? ''}`]);
    await runWith('1s');
    expect(await filesOf(deployment, RPM)).not.toContain(first.get(RPM));
    expect(await filesOf(deployment, DEB)).toContain(first.get(DEB));
    expect((await dnf.dnf('--refresh', 'makecache')).said).toMatch(AMISS);
    for (const target of [RPM, DEB]) await checkRepository(deployment, target);

    for (const [name, message] of [
      ['zzzzzzzz', 'no ref and no snapshot called'],
      ['00000000', 'There is no snapshot 00000000'],
      ['../../x', 'is not written as TARGET/NAME'],
    ])
      expect(await cli('snapshot', 'materialise', `${RPM}/${name ?? ''}`)).toMatchObject({
        ...{ code: 1, stderr: expect.stringContaining(message ?? '') as string },
      });
  },
  TIMEOUT,
);

sampled(
  'what a build is being made against is known while it is made, and stays',
  async () => {
    const settings = { materialised: { keep_last: 1, grace: '1s' } };
    const deployment = await deploySamples(['alpha', 'beta'], { settings });
    const { json, samples } = deployment;
    await json(['run']);
    const current = (await refOf(deployment, RPM, 'current')) ?? '';
    await samples[0]?.push('two', 'sleep 600');
    const running = deployment.start('run', '--project', 'alpha');
    await until('the build', async () => (await runningBuilds(deployment)).length === 1);
    const why = await json<{ reasons: { keeper: string }[] }[]>(['why-kept', `${RPM}/${current}`]);
    expect(only(why).reasons.map(({ keeper }) => keeper)).toContain('running');
    running.kill('SIGINT');
    await running.done;
  },
  TIMEOUT,
);
