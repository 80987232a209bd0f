import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildDeb, controlOf } from '../drivers/formats/packages.ts';
import { addSample, DEB, deploy, only } from './fixture.ts';
import { aptClient } from './install.ts';
import { refusedUpload, upload } from './intake.ts';
import { repositoryOf } from './published.ts';
import { debPackaging } from './samples.ts';
import type { RunView } from './views.ts';

test('what is built from contrib, and for it, is checked, published, verified, exported and installed there', async () => {
  const deployment = await deploy();
  const { directory, json } = deployment;
  const deb = (name: string, section: string) =>
    buildDeb(directory, controlOf(name, '1', `Section: ${section}\n`), { share: name, file: `${name}_1_all.deb` });
  const packaging = debPackaging('app', { section: 'contrib/misc', buildDepends: 'extra', depends: 'extra' });
  const app = await addSample(deployment, 'app', { formats: 'deb', packaging });
  const configure = (...components: string[]) =>
    deployment.configure({ projects: { app: app.entry }, settings: { targets: { [DEB]: { components } } } });

  await configure('main', 'non-free');
  expect(await refusedUpload(deployment, DEB, [await deb('extra', 'contrib/net')])).toMatchObject({
    code: 'package_invalid',
    message: `extra_1_all.deb belongs to the component contrib by its Section, and ${DEB} has main, non-free`,
    hint: expect.stringContaining(`add contrib to targets.${DEB}.components`) as string,
  });
  const failed = only((await json<RunView>(['run'], 1)).builds);
  expect(failed).toMatchObject({
    reason: 'source_error',
    detail: expect.stringMatching(/^debian\/control:2: Section contrib\/misc means the component contrib/) as string,
  });

  await configure('main', 'contrib');
  await upload(deployment, DEB, [await deb('extra', 'contrib/net'), await deb('plain', 'net')], '--project', 'vendor');
  await json(['recheck', String(failed.id)]);
  expect(only((await json<RunView>(['run'])).builds)).toMatchObject({ result: 'success' });
  expect(await json(['repo', 'verify', DEB])).toMatchObject({ findings: [] });

  const mirror = join(directory, 'mirror');
  await mkdir(mirror);
  await json(['export', mirror, '--base-url', `file://${mirror}`, '--target', DEB]);
  for (const top of [repositoryOf(deployment, DEB), join(mirror, DEB)])
    expect(await readFile(join(top, `trunkline-${DEB}.sources`), 'utf8')).toContain('Components: main contrib\n');
  const machine = await aptClient(join(directory, 'client'), join(mirror, DEB), `trunkline-${DEB}`);
  await machine.install('app', 'plain');
  expect(await readFile(join(machine.root, 'usr/share/app/content'), 'utf8')).toBe('one\n');
});
