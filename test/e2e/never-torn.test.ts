import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { createGpgSigner } from '../../src/drivers/signers/gpg/index.ts';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import type { PackageFile, PackageFormat } from '../../src/model/index.ts';
import { openRepository } from '../../src/repos/index.ts';
import { buildDeb, buildRpm, controlOf, deb, rpm, scratch } from '../drivers/formats/packages.ts';
import { makeKey, removeHomes, temporary } from '../drivers/signers/keys.ts';
import { memoryNodes } from '../repos/snapshots.ts';
import { serve } from '../repos/web.ts';
import { makeDebs } from '../bench/publish/debs.ts';
import { makeRpms } from '../bench/publish/rpms.ts';
import { AMISS, aptMachine, dnfMachine, type Said } from './client-machines.ts';
import { sampled } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
/** Milliseconds. */
const DURATION = LONG ? 180_000 : 15_000;
const VERSIONS = 8;

let directory: string;
let web: Awaited<ReturnType<typeof serve>>;
let home: string;
let key: string;

beforeAll(async () => {
  [directory, home] = [await scratch(), await temporary()];
  key = await makeKey(home, { algorithm: 'rsa3072' });
  web = await serve(directory);
});
afterAll(async () => {
  await web.close();
  await removeHomes();
  await rm(directory, { recursive: true });
});

/** When `current` began to be, and was, at a version; in the order of the moves. */
interface Move {
  version: string;
  began: number;
  done: number;
}

/** The versions that a client may have found which asked between two moments. */
function promised(moves: readonly Move[], { began, ended }: Pick<Said, 'began' | 'ended'>): string[] {
  const before = moves.filter((move) => move.done <= began).at(-1);
  const during = moves.filter((move) => move.done > began && move.began <= ended);
  return [...(before === undefined ? [] : [before]), ...during].map((move) => move.version);
}

/**
 * A repository whose two packages of one project need each other in one version, and in which something else changes with every snapshot. `publishNext`
 * makes a snapshot and moves `current` to it; each seventh time it moves it back instead.
 */
async function openSea(
  format: PackageFormat,
  target: { name: string; arch: string },
  sea: readonly (readonly string[])[],
) {
  const top = join(directory, 'repos', target.name);
  const signer = createGpgSigner({ home, fingerprints: () => Promise.resolve([key]), passphraseFile: null });
  const repository = openRepository({
    ...{ directory: top, target, format, nodes: memoryNodes(), url: `${web.url}/repos/${target.name}`, signer },
    store: createDiskStore({ directory: join(top, 'pool') }),
  });
  const admit = async (paths: readonly string[]) => {
    const signed = await repository.sign(await format.identify(paths), await mkdtemp(join(directory, 'signed-')));
    await repository.admit(signed);
    return signed;
  };
  const tides: (readonly PackageFile[])[] = [];
  for (const paths of sea) tides.push(await admit(paths));
  const make = format.name === 'rpm' ? makeRpms : makeDebs;
  const moves: Move[] = [];
  const past: { version: string; hash: string }[] = [];
  let hash: string | null = null;
  let step = 0;
  const moveTo = async (to: { version: string; hash: string }) => {
    const began = performance.now();
    // Known before it is done: a client may find it at once.
    const move = { version: to.version, began, done: Number.POSITIVE_INFINITY };
    moves.push(move);
    await repository.moveRef('current', to.hash);
    move.done = performance.now();
  };
  const publishNext = async () => {
    step += 1;
    const back = past.at(-3);
    if (step % 7 === 0 && back !== undefined) return moveTo(back);
    const number = step % VERSIONS;
    const [other] = await make(join(directory, `others-${target.name}`), 1, { version: step });
    const files = await format.identify(other === undefined ? [] : [other]);
    await repository.admit(files);
    const before: string | null = hash;
    hash = await repository.next(hash, { project: 'sea', sequence: step, packages: tides[number] ?? [] });
    hash = await repository.next(hash, { project: 'other', sequence: step, packages: files });
    await repository.writeSnapshot(hash, { time: Math.trunc(Date.now() / 1000), after: before });
    past.push({ version: versionOf(number), hash });
    return moveTo({ version: versionOf(number), hash });
  };
  await publishNext();
  return { top, moves, publishNext, name: `trunkline-${target.name}` };
}

const versionOf = (number: number) => `1.${String(number)}`;

/** What went wrong in a client's run; undefined when nothing did. */
function wrong(said: Said, installed: readonly string[], allowed: readonly string[]): string | undefined {
  const amiss = AMISS.exec(said.said)?.[0];
  const pairs = allowed.map((version) => `ebb-${version} tide-${version}`);
  const found = installed.join(' ');
  if (said.exitCode === 0 && amiss === undefined && pairs.includes(found)) return undefined;
  return `exit ${String(said.exitCode)}, ${amiss ?? 'no complaint'}; has [${found}], promised [${pairs.join(', ')}]\n${said.said}`;
}

sampled(
  'clients that install from a ref never see it torn while it moves',
  async () => {
    const numbers = Array.from({ length: VERSIONS }, (_, number) => number);
    const rpms: string[][] = [];
    const debs: string[][] = [];
    for (const number of numbers) {
      const version = versionOf(number);
      const [ebb] = await buildRpm(directory, { name: 'ebb', version, preamble: `Requires: tide = ${version}` });
      const [tide] = await buildRpm(directory, { name: 'tide', version, preamble: `Requires: ebb = ${version}` });
      rpms.push([ebb, tide]);
      debs.push([
        await buildDeb(directory, controlOf('ebb', version, `Depends: tide (= ${version})\n`), { share: 'ebb' }),
        await buildDeb(directory, controlOf('tide', version, `Depends: ebb (= ${version})\n`), { share: 'tide' }),
      ]);
    }
    const rpmSea = await openSea(rpm, { name: 'sea-43-x86_64', arch: 'x86_64' }, rpms);
    const debSea = await openSea(deb, { name: 'sea-12-amd64', arch: 'amd64' }, debs);
    const end = performance.now() + DURATION;
    const until = async (work: () => Promise<void>) => {
      while (performance.now() < end) await work();
    };
    const failures: string[] = [];
    const runs = { dnf: 0, 'dnf distro-sync': 0, apt: 0, 'apt again': 0 };
    const check = (which: keyof typeof runs, said: Said, installed: readonly string[], allowed: readonly string[]) => {
      runs[which] += 1;
      const problem = wrong(said, installed, allowed);
      if (problem !== undefined) failures.push(`${which}: ${problem}`);
    };

    const repoFile = join(rpmSea.top, `${rpmSea.name}.repo`);
    const freshDnf = async () => {
      const { root, dnf, installed } = await dnfMachine(directory, repoFile);
      const said = await dnf('install', 'tide');
      check('dnf', said, await installed(), promised(rpmSea.moves, said));
      await rm(root, { recursive: true });
    };
    const steadyDnf = await dnfMachine(directory, repoFile);
    await steadyDnf.dnf('install', 'tide');
    const syncDnf = async () => {
      const said = await steadyDnf.dnf('--refresh', 'distro-sync');
      check('dnf distro-sync', said, await steadyDnf.installed(), promised(rpmSea.moves, said));
    };
    const files = ['sources', 'pref'].map((extension) => join(debSea.top, `${debSea.name}.${extension}`));
    const aptOnce = async (machine: Awaited<ReturnType<typeof aptMachine>>, which: 'apt' | 'apt again') => {
      const update = await machine.apt('update');
      const install = await machine.apt('--allow-downgrades', 'install', 'tide', 'ebb');
      const exitCode = update.exitCode === 0 ? install.exitCode : update.exitCode;
      const said = { ...update, exitCode, said: update.said + install.said };
      check(which, said, await machine.installed(), promised(debSea.moves, update));
    };
    const freshApt = async () => {
      const machine = await aptMachine(directory, files);
      await aptOnce(machine, 'apt');
      await rm(machine.root, { recursive: true });
    };
    const steadyApt = await aptMachine(directory, files);
    await Promise.all([
      until(rpmSea.publishNext),
      until(debSea.publishNext),
      until(freshDnf),
      until(syncDnf),
      until(freshApt),
      until(() => aptOnce(steadyApt, 'apt again')),
    ]);
    console.log(JSON.stringify({ ...runs, moves: [rpmSea.moves.length, debSea.moves.length] }));
    expect(failures).toEqual([]);
    for (const count of Object.values(runs)) expect(count).toBeGreaterThan(LONG ? 20 : 0);
    expect(rpmSea.moves.length).toBeGreaterThan(7);
    expect(debSea.moves.length).toBeGreaterThan(7);
  },
  DURATION + 120_000,
);
