import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadSettings } from '../../src/app/config/index.ts';
import { backUp } from '../../src/app/backup/index.ts';
import { makeFirstKey } from '../../src/app/index.ts';
import { createTestDatabase } from '../databases.ts';
import { buildRpm } from '../drivers/formats/packages.ts';
import { DEB, deploy, deploySamples, only, RPM, runningBuilds, start, until, type Deployment } from './fixture.ts';
import { PROGRAM } from './command-line.ts';
import { aptClient, dnfClient } from './install.ts';
import { upload } from './intake.ts';
import { giveRoots } from './prepared-roots.ts';
import { standingsOf } from './published.ts';
import type { BuildView, PlaceView, RunView } from './views.ts';
import { sampled } from '../sampled.ts';

interface RestoredView {
  packages: number;
  damaged: { fullName: string; file: string; what: string }[];
  materialised: number;
  unfinished: string | null;
}

/** Another place to restore to: the backup's configuration with another data directory, and roots to build in. */
async function elsewhere(
  from: Deployment,
  backup: string,
  change: Record<string, unknown> = {},
): Promise<Pick<Deployment, 'dataDir' | 'cli' | 'json'>> {
  const directory = await mkdtemp(join(from.directory, 'elsewhere-'));
  await chmod(directory, 0o755);
  const dataDir = join(directory, 'data');
  await mkdir(dataDir, { recursive: true });
  await giveRoots(dataDir, from.base);
  const config = join(directory, 'trunkline.yaml');
  const entries = parse(await readFile(join(backup, 'trunkline.yaml'), 'utf8')) as Record<string, unknown>;
  await writeFile(config, stringify({ ...entries, data_dir: dataDir, ...change }));
  const cli: Deployment['cli'] = (...args) => start(['--config', config, ...args]).done;
  return {
    ...{ dataDir, cli },
    json: async <T>(args: readonly string[], code = 0) => {
      const finished = await cli(...args, '--json');
      expect(finished, finished.stderr).toMatchObject({ code });
      return JSON.parse(finished.stdout) as T;
    },
  };
}

const poolOf = (dataDir: string, target: string) => join(dataDir, 'repos', target, 'pool');

/** Paths of the regular files below a directory. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('trunkline backup and restore', () => {
  sampled(
    'of a deployment that builds: elsewhere its repositories verify, dnf and apt install, and it goes on',
    async () => {
      const deployment = await deploySamples(['alpha'], { formats: 'both' });
      const { json, directory, samples, dataDir } = deployment;
      const alpha = only(samples);
      await json(['run']);
      const before = await standingsOf(deployment, RPM);
      const pushed = await alpha.push('two', 'sleep 6');
      const running = deployment.start('run');
      await until('a build to run', async () => (await runningBuilds(deployment)).length > 0);
      const backup = join(directory, 'backup');
      const made = await json<{ packages: number; damaged: unknown[] }>(['backup', backup]);
      expect(await runningBuilds(deployment)).not.toEqual([]);
      expect(made).toMatchObject({ packages: 4, damaged: [] });
      expect((await running.done).code).toBe(0);
      expect((await stat(backup)).mode & 0o777).toBe(0o700);
      expect((await readdir(directory)).filter((name) => name.startsWith('.tmp-'))).toEqual([]);

      // What it was made from is no more.
      await rm(dataDir, { recursive: true });
      const other = await elsewhere(deployment, backup);
      const restored = await other.json<RestoredView>(['restore', backup]);
      expect(restored).toMatchObject({ packages: 4, damaged: [], unfinished: null });
      for (const target of [RPM, DEB]) {
        const { findings } = await other.json<{ findings: unknown[] }>(['repo', 'verify', target]);
        expect(findings).toEqual([]);
        const root = join(directory, `client-${target}`);
        const top = join(other.dataDir, 'repos', target);
        const machine = await (target === RPM
          ? dnfClient(root, join(top, `trunkline-${target}.repo`))
          : aptClient(root, top, `trunkline-${target}`));
        await machine.install('alpha');
        expect(await readFile(join(root, 'usr/share/alpha/content'), 'utf8')).toBe('one\n');
      }
      expect(await standingsOf(other, RPM)).toEqual(before);
      // Logs, and the build's directory with its repository.
      const first = only(
        (await other.json<BuildView[]>(['builds', '--target', RPM])).filter((one) => one.result === 'success'),
      );
      expect((await other.cli('log', String(first.id))).stdout).toContain('build.sh');
      const places = await other.json<PlaceView[]>(['where', first.upstream.hash]);
      const place = only(places.filter(({ target }) => target === RPM));
      expect(await readdir(join(other.dataDir, place.directory ?? '', 'repodata'))).toContain('repomd.xml');
      // A copy: what happens to the backup does not happen to it.
      for (const path of await filesBelow(poolOf(other.dataDir, RPM))) expect((await stat(path)).nlink).toBe(1);
      // What ran then is built now, once.
      expect((await other.json<RunView>(['run'])).builds.every(({ result }) => result === 'success')).toBe(true);
      const builds = await other.json<BuildView[]>(['builds']);
      expect(builds.filter((one) => one.upstream.hash === pushed).map((one) => one.result)).toEqual([
        'success',
        'success',
      ]);
      expect((await other.json<{ action: string }[]>(['audit'])).map(({ action }) => action)).toContain('restore');
    },
  );

  sampled('of PostgreSQL, by its own tools, into an empty database only', async () => {
    const [from, to] = [
      await createTestDatabase('postgres', { empty: true }),
      await createTestDatabase('postgres', { empty: true }),
    ];
    onTestFinished(async () => {
      await from.remove();
      await to.remove();
    });
    const deployment = await deploy({ settings: { database: from.url } });
    const [rpm] = await buildRpm(deployment.directory, { name: 'lib' });
    await upload(deployment, RPM, [rpm]);
    const backup = join(deployment.directory, 'backup');
    expect(await deployment.json(['backup', backup])).toMatchObject({ packages: 1, damaged: [] });
    const refused = await (await elsewhere(deployment, backup)).cli('restore', backup);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('There is a database at');
    const sqlite = await elsewhere(deployment, backup, { database: undefined });
    expect((await sqlite.cli('restore', backup)).stderr).toContain('a postgres database, not of sqlite');
    const other = await elsewhere(deployment, backup, { database: to.url });
    expect(await other.json(['restore', backup])).toMatchObject({ packages: 1, damaged: [], unfinished: null });
    expect(await other.json(['repo', 'verify', RPM])).toMatchObject({ findings: [], packages: 1 });
  });

  sampled('takes the database again when the garbage collector removed what it named', async () => {
    const deployment = await deploy({ settings: { gc: { keep_last: 1, older_than: '1s' } } });
    const { directory, config, dataDir } = deployment;
    for (const version of ['1', '2'])
      await upload(deployment, RPM, await buildRpm(directory, { name: 'lib', version }));
    const backup = join(directory, 'backup');
    const files = async () => (await filesBelow(poolOf(dataDir, RPM))).length;
    const settings = await loadSettings({ config });
    const before = await files();
    let rounds = 0;
    // After the database, and before the packages it names.
    const report = (what: string) => {
      if (what !== 'packages') return;
      rounds += 1;
      const collect = [PROGRAM, '--config', config, 'gc', '--now', '--keep-last', '1', '--older-than', '0s'];
      if (rounds === 1) execFileSync(process.execPath, collect);
    };
    const request = { destination: backup, withKeys: false, report, signal: new AbortController().signal };
    const made = await backUp(settings, request);
    expect(await files()).toBeLessThan(before);
    expect(made).toMatchObject({ packages: await files(), damaged: [] });
    expect(rounds).toBe(2);
  });

  sampled('names what is damaged and leaves it out; an upload brings it back', async () => {
    const deployment = await deploy();
    const { directory, dataDir, json } = deployment;
    const rpms = await buildRpm(directory, { name: 'lib' });
    await upload(deployment, RPM, rpms);
    const backup = join(directory, 'backup');
    await json(['backup', backup]);
    const path = only((await filesBelow(poolOf(backup, RPM))).filter((name) => name.endsWith('.noarch.rpm')));
    // Linked, not copied: two names here, and two of the original outside the pool at most.
    expect((await stat(path)).nlink).toBeGreaterThan(1);
    const content = await readFile(path);
    await rm(path);
    content[content.length - 20] = (content.at(-20) ?? 0) ^ 1;
    await writeFile(path, content);
    const other = await elsewhere(deployment, backup);
    // What a restore leaves that was killed after it put the packages in their place.
    await mkdir(join(other.dataDir, '.tmp-restore'));
    await mkdir(join(other.dataDir, 'repos', 'half'), { recursive: true });
    const restored = await other.json<RestoredView>(['restore', backup], 1);
    expect(await readdir(join(other.dataDir, 'repos'))).toEqual([RPM]);
    expect((await readdir(other.dataDir)).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
    expect(only(restored.damaged)).toMatchObject({ fullName: 'lib-1.0-1.noarch', what: 'damaged' });
    const found = await other.json<{ findings: { kind: string }[] }>(['repo', 'verify', RPM], 1);
    expect(found.findings.map(({ kind }) => kind)).toEqual(['package_missing']);
    await upload(other, RPM, rpms);
    expect(await other.json(['repo', 'verify', RPM])).toMatchObject({ findings: [] });

    // One that is missing here is named by the backup.
    const original = join(dataDir, only(restored.damaged).file);
    await rm(original);
    const second = await json<{ damaged: { file: string; what: string }[] }>(['backup', join(directory, 'second')], 1);
    expect(only(second.damaged)).toMatchObject({ what: 'missing', file: only(restored.damaged).file });
  });

  sampled('keeps secret keys out unless they are asked for, and refuses what it must not touch', async () => {
    const deployment = await deploy();
    const { directory, dataDir, json, cli } = deployment;
    await deployment.configure({ settings: { signing: {} } });
    await makeFirstKey(dataDir);
    await upload(deployment, RPM, await buildRpm(directory, { name: 'lib' }));
    const [without, withKeys] = [join(directory, 'without'), join(directory, 'with')];
    await json(['backup', without]);
    expect(await readdir(without)).not.toContain('keys');
    await json(['backup', withKeys, '--with-keys']);
    const secret = (await filesBelow(join(withKeys, 'keys'))).filter((path) => path.includes('private-keys-v1.d'));
    expect(secret).not.toEqual([]);
    for (const path of await filesBelow(join(withKeys, 'keys'))) expect((await stat(path)).mode & 0o077).toBe(0);

    expect((await cli('backup', without)).stderr).toContain('is there already');
    expect((await cli('backup', join(dataDir, 'backup'))).stderr).toContain('goes with it');
    expect((await cli('restore', without)).stderr).toContain('The data directory is not empty');
    const other = await elsewhere(deployment, withKeys);
    expect((await other.cli('restore', directory)).stderr).toContain('is no backup');
    const broken = join(directory, 'broken');
    await json(['backup', broken]);
    await chmod(join(broken, 'database.sqlite'), 0o600);
    await writeFile(join(broken, 'database.sqlite'), 'nothing');
    expect((await other.cli('restore', broken)).stderr).toContain('The database in the backup is damaged');
    expect((await readdir(other.dataDir)).sort()).toEqual(['roots']);

    expect(await other.json(['restore', withKeys])).toMatchObject({ unfinished: null });
    expect(await other.json(['repo', 'verify', RPM])).toMatchObject({ findings: [] });
    expect((await other.cli('restore', withKeys)).stderr).toContain('The data directory is not empty');
    // Without its key it cannot be signed: all is there, and the next start makes the rest once the key is.
    const keyless = await elsewhere(deployment, without);
    const restored = await keyless.json<RestoredView>(['restore', without], 1);
    expect(restored.damaged).toEqual([]);
    expect(restored.unfinished).toContain('signing key');
  });
});
