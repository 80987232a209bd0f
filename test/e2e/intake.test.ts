import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256File } from '../../src/lib/index.ts';
import { buildDeb, buildDsc, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { addSample, DEB, deploy, deploySamples, only, RPM } from './fixture.ts';
import { aptClient, dnfClient } from './install.ts';
import { upload, writeChanges, type ContentView } from './intake.ts';
import { repositoryOf } from './published.ts';
import { rpmPackaging } from './samples.ts';
import { sampled } from '../sampled.ts';

sampled('RPMs built elsewhere go into a repository, and dnf installs them', async () => {
  const deployment = await deploy();
  const { directory, json } = deployment;
  // The directory may be called anything.
  const odd = join(directory, '-a b%20#ü\nc');
  await mkdir(odd);
  const built = await buildRpm(directory, { name: 'vendor', epoch: 2, preamble: 'Provides: vendor-api = 3' });
  const [binary, source] = built.map((path) => join(odd, basename(path))) as [string, string];
  for (const path of built) await copyFile(path, join(odd, basename(path)));
  const first = await upload(deployment, RPM, [binary, source], '--reason', 'there are no sources');
  expect(first).toMatchObject({ upload: 1, target: RPM, project: 'vendor', replaced: [] });
  expect(first.packages.map(({ fullName }) => fullName)).toEqual(['vendor-2:1.0-1.noarch', 'vendor-2:1.0-1.src']);

  const contents = await json<ContentView[]>(['pkg', 'list', '--target', RPM]);
  expect(contents.map(({ fullName, origin, project }) => [fullName, origin, project])).toEqual([
    ['vendor-2:1.0-1.noarch', 'upload 1', 'vendor'],
    ['vendor-2:1.0-1.src', 'upload 1', 'vendor'],
  ]);
  const shown = await json<Record<string, unknown>[]>(['pkg', 'show', (await sha256File(binary)).slice(0, 12)]);
  expect(only(shown)).toMatchObject({
    ...{ fullName: 'vendor-2:1.0-1.noarch', origin: 'upload 1', refs: ['consistent', 'current'], buildId: null },
    upload: { reason: 'there are no sources', files: [basename(binary), basename(source)] },
  });
  expect(await sha256File(String(only(shown).path))).toBe(await sha256File(binary));

  const client = join(repositoryOf(deployment, RPM), `trunkline-${RPM}.repo`);
  const machine = await dnfClient(join(directory, 'client'), client);
  await machine.install('vendor-api');
  expect(await readFile(join(machine.root, 'usr/share/vendor/version'), 'utf8')).toBe('1.0\n');

  const again = await upload(deployment, RPM, [binary, source]);
  expect(again).toMatchObject({ upload: null, snapshot: first.snapshot });

  const [newer] = await buildRpm(directory, { name: 'vendor', epoch: 2, version: '2.0' });
  const second = await upload(deployment, RPM, [newer]);
  expect(second.replaced).toEqual(['vendor-2:1.0-1.noarch', 'vendor-2:1.0-1.src']);
  const back = await upload(deployment, RPM, [binary, source]);
  expect(back).toMatchObject({ upload: 3, snapshot: first.snapshot, replaced: ['vendor-2:2.0-1.noarch'] });
});

test('a .changes and a dsc bring the files they name, and apt installs and unpacks them', async () => {
  const deployment = await deploy();
  const { directory } = deployment;
  const dsc = await buildDsc(directory, 'vendor', '1');
  const there = dirname(dsc);
  const built = await buildDeb(there, controlOf('vendor', '1:1-1'), { file: 'vendor_1%3a1-1_all.deb' });
  const plain = join(there, 'vendor-doc_1-1_all.deb');
  await rename(
    await buildDeb(there, controlOf('vendor-doc', '1-1', 'Source: vendor\nReplaces: vendor\n'), { file: 'x.deb' }),
    plain,
  );
  await writeFile(join(there, 'vendor_1-1_source.buildinfo'), 'Format: 1.0\n');
  const changes = join(there, 'vendor_1-1_amd64.changes');
  const orig = 'vendor_1.orig.tar.gz';
  const names = [basename(dsc), orig, 'vendor_1-1.debian.tar.xz', basename(plain), 'vendor_1-1_source.buildinfo'];
  await writeChanges(changes, 'vendor', names, { sign: true });
  const done = await upload(deployment, DEB, [changes, built, join(there, orig)]);
  expect(done.packages.map(({ fullName }) => fullName).sort()).toEqual([
    ...['vendor-doc_1-1_all', 'vendor_1-1_source', 'vendor_1:1-1_all'],
  ]);
  const machine = await aptClient(join(directory, 'client'), repositoryOf(deployment, DEB), `trunkline-${DEB}`);
  await machine.install('vendor', 'vendor-doc');
  expect(await readFile(join(machine.root, 'usr/share/sample/control'), 'utf8')).toContain('Package: vendor');
  const pool = join(repositoryOf(deployment, DEB), 'pool');
  const digest = await sha256File(dsc);
  expect(await sha256File(join(pool, digest.slice(0, 2), digest, orig))).toBe(await sha256File(join(there, orig)));
});

sampled('an upload lives beside what is built, and is built against', async () => {
  const deployment = await deploySamples(['alpha']);
  const { directory, json, samples } = deployment;
  await json(['run']);
  const [lib] = await buildRpm(directory, { name: 'lib', version: '7' });
  await upload(deployment, RPM, [lib], '--project', 'vendor');
  const preamble = 'BuildRequires: lib = 7\nRequires: lib';
  const beta = await addSample(deployment, 'beta', { packaging: rpmPackaging('beta', { preamble }) });
  await deployment.configure({ projects: { alpha: only(samples).entry, beta: beta.entry } });
  await json(['run']);
  const contents = await json<ContentView[]>(['pkg', 'list']);
  expect(contents.map((one) => `${one.project} ${one.kind} ${one.origin}`).sort()).toEqual([
    ...['alpha binary build 1', 'alpha source build 1', 'beta binary build 2', 'beta source build 2'],
    'vendor binary upload 1',
  ]);
});
