import { chmod, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { makeFirstKey } from '../../src/app/index.ts';
import { buildDeb, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { serve } from '../repos/web.ts';
import { DEB, deploy, RPM, type Deployment } from './fixture.ts';
import { aptClient, dnfClient } from './install.ts';
import { upload } from './intake.ts';
import { randomNumbers, SEED } from './random.ts';
import { startRsyncDaemon } from './rsync-daemon.ts';
import { inSample, sampled } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
const ROUNDS = Number(process.env.TRUNKLINE_TEST_ROUNDS ?? (LONG ? 40 : 4));

/** A deployment that signs, and what publishes version after version of one package in both formats. */
async function publisher(): Promise<Deployment & { publish: (version: number) => Promise<void> }> {
  const deployment = await deploy();
  const { directory } = deployment;
  await deployment.configure({ settings: { signing: {} } });
  await makeFirstKey(deployment.dataDir);
  const publish = async (version: number) => {
    const [rpm] = await buildRpm(directory, { name: 'tool', version: String(version) });
    await upload(deployment, RPM, [rpm]);
    const there = join(directory, `deb-${version}`);
    await mkdir(there);
    const deb = await buildDeb(there, controlOf('tool', String(version)), { file: `tool_${version}_all.deb` });
    await upload(deployment, DEB, [deb]);
  };
  return { ...deployment, publish };
}

async function served(directory: string) {
  const web = await serve(directory);
  onTestFinished(web.close);
  return web.url;
}

let clients = 0;

/** What new machines get from the mirror: the version that dnf, and that apt, installs. */
async function install(directory: string, mirror: string): Promise<[number, number]> {
  const root = join(directory, `client-${(clients += 1)}`);
  const dnf = await dnfClient(join(root, 'dnf'), join(mirror, RPM, `trunkline-${RPM}.repo`));
  await dnf.install('tool');
  const apt = await aptClient(join(root, 'apt'), join(mirror, DEB), `trunkline-${DEB}`);
  await apt.install('tool');
  const rpm = await readFile(join(dnf.root, 'usr/share/tool/version'), 'utf8');
  const deb = /^Version: (.*)$/m.exec(await readFile(join(apt.root, 'usr/share/sample/control'), 'utf8'))?.[1];
  return [Number(rpm), Number(deb)];
}

sampled('a mirror has what refs need, under its own address, and dnf and apt install from it', async () => {
  const deployment = await publisher();
  const { directory, json, publish, dataDir } = deployment;
  const mirror = join(directory, 'mirror');
  await mkdir(mirror);
  const url = await served(mirror);
  await publish(1);
  await json(['export', mirror, '--base-url', url, '--ref', 'current']);
  await rm(join(dataDir, 'elsewhere'), { force: true });
  expect(await install(directory, mirror)).toEqual([1, 1]);
  expect(await readFile(join(mirror, RPM, 'current.mirrorlist'), 'utf8')).toMatch(`${url}/${RPM}/snapshots/`);
  const top = await readdir(join(mirror, RPM));
  expect(top.sort()).toEqual(
    [
      '.trunkline-export',
      'current',
      'current.mirrorlist',
      'pool',
      'snapshots',
      'trunkline.asc',
      `trunkline-${RPM}.repo`,
    ].sort(),
  );
  // What the second export needs is there, what the first needed stays until the third.
  const packages = async () =>
    (await readdir(join(mirror, RPM, 'pool'), { recursive: true }))
      .filter((path) => path.endsWith('.rpm'))
      .map((path) => basename(path));
  for (const [version, kept] of [
    [2, ['tool-1-1.noarch.rpm', 'tool-2-1.noarch.rpm']],
    [3, ['tool-2-1.noarch.rpm', 'tool-3-1.noarch.rpm']],
  ] as const) {
    await publish(version);
    await json(['export', mirror, '--base-url', url, '--ref', 'current', '--delete']);
    expect(await install(directory, mirror)).toEqual([version, version]);
    expect((await packages()).sort()).toEqual(kept);
  }
  expect((await readdir(join(mirror, RPM, 'snapshots'))).length).toBe(2);
  expect((await readdir(join(mirror, DEB, 'refs/current'))).length).toBe(2);
  // Nothing changes where nothing is new.
  const before = await readlink(join(mirror, DEB, 'current'));
  await json(['export', mirror, '--base-url', url, '--ref', 'current', '--delete']);
  expect(await readlink(join(mirror, DEB, 'current'))).toBe(before);
  expect(await packages()).toEqual(['tool-3-1.noarch.rpm']);
});

sampled('an export over rsync to another machine is the same mirror', async () => {
  const deployment = await publisher();
  const { directory, json, publish } = deployment;
  const mirror = join(directory, 'there');
  await mkdir(mirror);
  const url = await served(mirror);
  // What ssh would do, without the other machine.
  const shell = join(directory, 'shell');
  await writeFile(shell, '#!/bin/sh\nshift\nexec "$@"\n');
  await chmod(shell, 0o755);
  for (const version of [1, 2, 3]) {
    await publish(version);
    const options = ['--rsync=-e', `--rsync=${shell}`, '--base-url', url, '--delete'];
    await json(['export', `machine:${mirror}`, ...options]);
    expect(await install(directory, mirror)).toEqual([version, version]);
  }
  const names = await readdir(join(mirror, RPM, 'pool'), { recursive: true });
  expect(
    names
      .filter((name) => /tool-\d-1\.noarch\.rpm$/.test(name))
      .map((name) => basename(name))
      .sort(),
  ).toEqual([...['tool-2-1.noarch.rpm', 'tool-3-1.noarch.rpm']]);
});

test.runIf(inSample('kills of export')).each([
  ['to a directory', ROUNDS, (mirror: string) => Promise.resolve(mirror)],
  ['to an rsync daemon', Math.ceil(ROUNDS / 3), startRsyncDaemon],
] as const)(
  `kill -9 at random moments of export (seed ${SEED}) %s, %i of them, leaves a mirror that clients install from`,
  { timeout: LONG ? 3_600_000 : 300_000 },
  async (_, rounds, open) => {
    const deployment = await publisher();
    const { directory, json, publish } = deployment;
    const mirror = join(directory, 'mirror');
    await mkdir(mirror);
    const url = await served(mirror);
    const destination = await open(mirror);
    const options = ['--base-url', url, '--delete'];
    await publish(1);
    const random = randomNumbers(SEED);
    const started = performance.now();
    await json(['export', destination, ...options]);
    let whole = performance.now() - started;
    let shown: [number, number] = [1, 1];
    let killed = 0;
    let last = 1;
    // Of few, none may hit by chance.
    for (let version = 2; version < 2 + rounds || (killed === 0 && version < 12); version += 1) {
      last = version;
      await publish(version);
      const began = performance.now();
      const exporting = deployment.start('export', destination, ...options);
      void exporting.done.then(({ code }) => {
        if (code === 0) whole = Math.min(whole, performance.now() - began);
      });
      await pause(random() * whole);
      const installing = install(directory, mirror);
      await pause(random() * 300);
      exporting.kill('SIGKILL');
      if ((await exporting.done).code === null) killed += 1;
      for (const found of [await installing, await install(directory, mirror)]) {
        // Never older than what was seen before, never newer than what there is, each format by itself.
        for (const n of [0, 1] as const) {
          expect(found[n]).toBeGreaterThanOrEqual(shown[n]);
          expect(found[n]).toBeLessThanOrEqual(version);
        }
        shown = found;
      }
    }
    expect(killed).toBeGreaterThanOrEqual(LONG ? rounds / 3 : 1);
    await json(['export', destination, ...options]);
    expect(await install(directory, mirror)).toEqual([last, last]);
    const left = (await readdir(mirror, { recursive: true })).filter((path) => basename(path).startsWith('.'));
    expect(left.map((path) => basename(path)).filter((name) => name !== '.trunkline-export')).toEqual([]);
  },
);

sampled('what would tear a mirror, or is not there, is refused', async () => {
  const deployment = await publisher();
  const { directory, cli, publish, dataDir } = deployment;
  await publish(1);
  const mirror = join(directory, 'mirror');
  for (const [args, words] of [
    [[mirror, '--rsync=--inplace'], 'cannot be used for an export'],
    [[mirror, '--rsync=--delete-before'], 'cannot be used for an export'],
    [[mirror, '--ref', 'nightly'], 'There is no ref nightly'],
    [[mirror, '--target', 'nowhere'], 'no target nowhere'],
  ] as const) {
    const { code, stderr } = await cli('export', ...args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)]);
  }
  // A package that is missing here is named, and the refs of the mirror stay where they are.
  await cli('export', mirror);
  await publish(2);
  const pool = join(dataDir, 'repos', RPM, 'pool');
  const [path = ''] = (await readdir(pool, { recursive: true })).filter((name) => name.endsWith('tool-2-1.noarch.rpm'));
  await rm(dirname(join(pool, path)), { recursive: true });
  const before = await readlink(join(mirror, RPM, 'current'));
  const { code, stderr } = await cli('export', mirror);
  expect(code).toBe(1);
  expect(stderr).toContain('tool-2-1.noarch is not in the pool');
  expect(await readlink(join(mirror, RPM, 'current'))).toBe(before);
});
