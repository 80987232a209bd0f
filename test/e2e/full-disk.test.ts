import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/lib/index.ts';
import { buildDeb, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { fill, smallDisk } from './disk.ts';
import { DEB, deploy, RPM, type Deployment } from './fixture.ts';
import { findLeftovers, NOTHING } from './host.ts';
import { aptClient, dnfClient } from './install.ts';
import { upload } from './intake.ts';
import { checkRepository } from './integrity.ts';
import { contentsOf, repositoryOf } from './published.ts';
import { inSample } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
const KIB = 1024;
/** Bytes that are free when a publication begins: from nothing to nearly enough, so that it stops at one step or another. */
const STEPS = LONG
  ? [...Array(40).keys()].map((n) => n * 8 * KIB)
  : [0, 12, 40, 88, 160, 260].map((kibibytes) => kibibytes * KIB);

/** Where keys are on the same disk: what gpg writes there meets its end, too. */
async function deployOnSmallDisk(): Promise<Deployment & { disk: string }> {
  const disk = await smallDisk(96);
  const deployment = await deploy({ dataDir: join(disk, 'data') });
  await deployment.configure({ settings: { signing: {} } });
  await deployment.json(['key', 'rotate']);
  return { ...deployment, disk };
}

const ways = {
  [RPM]: async (directory: string, version: string) => buildRpm(directory, { name: 'tool', version }),
  [DEB]: async (directory: string, version: string) => {
    const there = join(directory, `deb-${version}`);
    await mkdir(there);
    const control = controlOf('tool', version, 'Section: science\n');
    return [await buildDeb(there, control, { file: `tool_${version}_all.deb`, share: 'tool' })];
  },
};

/** What clients see is whole and signed, and is the version that was published last. */
async function checkPublished(deployment: Deployment, target: string, version: string): Promise<void> {
  await checkRepository(deployment, target);
  const names = (await contentsOf(deployment, target)).map(({ fullName }) => fullName);
  expect(names.filter((name) => !new RegExp(`^tool[-_]${version}(-1\\.|_all$)`).test(name))).toEqual([]);
  const top = repositoryOf(deployment, target);
  const ring = join(deployment.directory, 'ring.gpg');
  await rm(ring, { force: true });
  await run(['gpg', '--batch', '--yes', '--dearmor', '--output', ring, join(top, 'trunkline.asc')]);
  for (const ref of ['current', 'consistent']) {
    const index = target === RPM ? 'repodata/repomd.xml' : 'dists/trunk/Release';
    const signature = target === RPM ? `${index}.asc` : `${index}.gpg`;
    await run(['gpgv', '--keyring', ring, join(top, ref, signature), join(top, ref, index)]);
  }
}

test.runIf(inSample('full disks')).each([RPM, DEB])(
  'a disk that fills up while %s is published and signed is told, and nothing is torn or lost',
  { timeout: LONG ? 3_600_000 : 400_000 },
  async (target) => {
    const deployment = await deployOnSmallDisk();
    const { directory, dataDir, disk, cli, json } = deployment;
    const build = ways[target as keyof typeof ways];
    let shown = '0';
    await upload(deployment, target, await build(directory, shown));
    const stopped = new Map<number, string>();
    for (const [n, left] of STEPS.entries()) {
      const version = String(n + 1);
      const files = await build(directory, version);
      const filling = await fill(disk, left);
      const { code, stdout, stderr } = await cli('pkg', 'upload', '--target', target, '--', ...files);
      if (code !== 0) {
        stopped.set(left, stderr.trim());
        expect(code).toBe(1);
        expect(stderr + stdout).toMatch(/[Nn]o space left.*free space|disk is full/s);
        // It names the disk, and not where the files came from.
        expect(stderr).toContain(disk);
        expect(stderr).not.toContain(directory);
      }
      await checkRepository(deployment, target);
      await rm(filling);
      await upload(deployment, target, files);
      shown = version;
      await checkPublished(deployment, target, shown);
      expect(await findLeftovers([], dataDir)).toEqual(NOTHING);
    }
    expect(stopped.size).toBeGreaterThan(STEPS.length / 4);
    // At several places: the lock, the database, copies and signed files on their way, the repository.
    const places = [...stopped.values()].map((said) => said.split(`${disk}/data/`)[1]?.split(/[/:]/)[0]);
    expect(new Set(places).size, [...stopped.values()].join('\n')).toBeGreaterThanOrEqual(3);
    expect((await json<{ findings: unknown[] }>(['repo', 'verify', target])).findings).toEqual([]);
    const root = join(directory, 'client');
    const top = repositoryOf(deployment, target);
    if (target === RPM) {
      const dnf = await dnfClient(root, join(top, `trunkline-${target}.repo`));
      await dnf.install('tool');
      expect(await readFile(join(root, 'usr/share/tool/version'), 'utf8')).toBe(`${shown}\n`);
    } else {
      const apt = await aptClient(root, top, `trunkline-${target}`);
      await apt.install('tool');
      expect(await readFile(join(root, 'usr/share/tool/control'), 'utf8')).toContain(`Version: ${shown}\n`);
    }
  },
);
