import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createClient } from '../../src/api/index.ts';
import { makeFirstKey } from '../../src/app/index.ts';
import { makeOwnKey, retireOwnKey } from '../../src/drivers/signers/gpg/index.ts';
import { readFingerprints } from '../../src/drivers/signers/registry.ts';
import { run } from '../../src/lib/index.ts';
import { buildDeb, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { DEB, deploy, RPM, start, type Deployment } from './fixture.ts';
import { upload } from './intake.ts';
import { repositoryOf } from './published.ts';
import { deployServers, serveAll } from './servers.ts';
import { inSample, sampled } from '../sampled.ts';

interface FindingView {
  kind: string;
  where: string;
  what: string;
}

/** Makes the first key, and publishes a package in each format; answers the key. */
async function publishSigned(deployment: Deployment): Promise<string> {
  const first = await makeFirstKey(deployment.dataDir);
  await upload(deployment, RPM, await buildRpm(deployment.directory, { name: 'tool' }));
  const there = join(deployment.directory, 'debs');
  await mkdir(there);
  await upload(deployment, DEB, [await buildDeb(there, controlOf('tool', '1'), { file: 'tool_1_all.deb' })]);
  return first;
}

const SIGNING = { settings: { signing: {} } };

async function oneServer() {
  const deployment = await deploy();
  await deployment.configure(SIGNING);
  return { deployment, configs: [deployment.config] };
}

async function twoServers() {
  const deployment = await deployServers([], { count: 2, ...SIGNING });
  return { deployment, configs: deployment.places.map(({ config }) => config) };
}

const findings = async ({ json }: Deployment, subject: string, code: number) =>
  (await json<{ findings: FindingView[] }>(['repo', 'verify', subject], code)).findings;

sampled('repo verify compares the keys that are handed out with those that clients are to trust', async () => {
  const { deployment } = await oneServer();
  const { json, dataDir } = deployment;
  const first = await publishSigned(deployment);
  const directory = join(dataDir, 'keys');
  const { fingerprint: second } = await makeOwnKey(directory, 'Second', Date.now());
  const lacking = expect.stringContaining(`it lacks the key ${second}`) as string;
  expect(await findings(deployment, RPM, 1)).toMatchObject([
    { kind: 'signature_bad', where: expect.stringContaining('repomd.xml.key') as string, what: lacking },
    { kind: 'signature_bad', where: 'trunkline.asc', what: lacking },
  ]);
  await json(['key', 'rotate']);
  // Three keys are one block of armored text.
  expect(await findings(deployment, RPM, 0)).toEqual([]);
  expect(await findings(deployment, DEB, 0)).toEqual([]);
  await retireOwnKey(directory, first, Date.now());
  const found = await findings(deployment, DEB, 1);
  const handedOut = found.find(({ where }) => where === 'trunkline.asc');
  expect(handedOut?.what).toContain(`it has the key ${first}, which`);
});

/** The keys with which somebody made the signature of a clear-signed file. */
async function signersOf(path: string, home: string): Promise<string[]> {
  const { stdout } = await run(['gpg', '--homedir', home, '--batch', '--status-fd', '1', '--verify', path], {
    okExitCodes: [0, 1, 2],
  });
  return [...stdout.matchAll(/^\[GNUPG:\] VALIDSIG .* ([0-9A-F]{40})$/gm)].map(([, key = '']) => key).sort();
}

test.runIf(inSample('keys beside a server')).each(['beside a server', 'through one of two servers over PostgreSQL'])(
  'rotate and retire publish the keys and sign what refs lead to, %s',
  async (how) => {
    const { deployment, configs } = how.includes('two') ? await twoServers() : await oneServer();
    const { json, dataDir } = deployment;
    const first = await publishSigned(deployment);
    const urls: string[] = [];
    for (const config of configs) urls.push((await serveAll(config, ['--jobs', '0', '--no-poll'])).url);
    for (const url of urls)
      await expect(createClient({ url }).post('rotateKey', {}, {})).rejects.toMatchObject({ code: 'unauthorized' });
    const key = async (...args: string[]) => {
      const { code, stdout, stderr } = await start(['--config', configs[0] ?? '', '--json', 'key', ...args]).done;
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return (JSON.parse(stdout) as { fingerprint: string }).fingerprint;
    };
    const home = join(dataDir, 'keys');
    const inRelease = join(repositoryOf(deployment, DEB), 'current/dists/trunk/InRelease');
    const handedOut = async (target: string) =>
      (await readFingerprints(await readFile(join(repositoryOf(deployment, target), 'trunkline.asc'), 'utf8'))).sort();

    const second = await key('rotate', '--reason', 'yearly');
    expect(await signersOf(inRelease, home)).toEqual([first, second].sort());
    for (const target of [RPM, DEB]) {
      expect(await handedOut(target)).toEqual([first, second].sort());
      expect(await findings(deployment, target, 0)).toEqual([]);
    }
    expect(await key('retire', first)).toBe(first);
    expect(await signersOf(inRelease, home)).toEqual([second]);
    expect(await handedOut(RPM)).toEqual([second]);
    expect(await findings(deployment, DEB, 0)).toEqual([]);
    const written = await json<{ action: string; subject: string }[]>(['audit', '--limit', '2']);
    expect(written.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
      `retire_key key/${first}`,
      `rotate_key key/${second}`,
    ]);
  },
);
