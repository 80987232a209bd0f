import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFirstKey } from '../../src/app/index.ts';
import { makeOwnKey, retireOwnKey } from '../../src/drivers/signers/gpg/index.ts';
import { buildDeb, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { DEB, deploy, RPM, type Deployment } from './fixture.ts';
import { upload } from './intake.ts';

interface FindingView {
  kind: string;
  where: string;
  what: string;
}

/** A deployment with one key and a package in each format. */
async function deploySigned(): Promise<Deployment & { first: string }> {
  const deployment = await deploy();
  await deployment.configure({ settings: { signing: {} } });
  const first = await makeFirstKey(deployment.dataDir);
  await upload(deployment, RPM, await buildRpm(deployment.directory, { name: 'tool' }));
  const there = join(deployment.directory, 'debs');
  await mkdir(there);
  await upload(deployment, DEB, [await buildDeb(there, controlOf('tool', '1'), { file: 'tool_1_all.deb' })]);
  return { ...deployment, first };
}

const findings = async ({ json }: Deployment, subject: string, code: number) =>
  (await json<{ findings: FindingView[] }>(['repo', 'verify', subject], code)).findings;

test('repo verify compares the keys that are handed out with those that clients are to trust', async () => {
  const deployment = await deploySigned();
  const { json, dataDir, first } = deployment;
  const directory = join(dataDir, 'keys');
  const { fingerprint: second } = await makeOwnKey(directory, 'Second', Date.now());
  const lacking = expect.stringContaining(`it lacks the key ${second}`) as string;
  expect(await findings(deployment, RPM, 1)).toMatchObject([
    { kind: 'signature_bad', where: expect.stringContaining('repomd.xml.key') as string, what: lacking },
    { kind: 'signature_bad', where: 'trunkline.asc', what: lacking },
  ]);
  await json(['run']);
  // Two keys are one block of armored text.
  expect(await findings(deployment, RPM, 0)).toEqual([]);
  expect(await findings(deployment, DEB, 0)).toEqual([]);
  await retireOwnKey(directory, first, Date.now());
  const found = await findings(deployment, DEB, 1);
  const handedOut = found.find(({ where }) => where === 'trunkline.asc');
  expect(handedOut?.what).toContain(`it has the key ${first}, which`);
});
