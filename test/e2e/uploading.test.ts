import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect } from 'vitest';
import { createClient } from '../../src/api/index.ts';
import { sha256, sha256File } from '../../src/lib/index.ts';
import { buildDeb, buildDsc, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { DEB, deploy, RPM } from './fixture.ts';
import { refusedUpload, upload, writeChanges } from './intake.ts';
import { serveAll } from './servers.ts';
import { sampled } from '../sampled.ts';

/** Asks without the typed client, as a stranger would. */
async function ask(url: string, token: string, method: string, path: string, body?: string | Uint8Array<ArrayBuffer>) {
  const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream';
  const response = await fetch(`${url}/api/v1/targets/${RPM}/uploads${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  });
  const answer = (await response.json()) as { id: string; code?: string; come?: number };
  return { status: response.status, ...answer };
}

sampled(
  'packages are uploaded through a running server, by those who may, whole, and through the same door',
  async () => {
    const deployment = await deploy();
    const { directory, dataDir, config, json } = deployment;
    const built = await buildRpm(directory, { name: 'vendor', version: '1.0' });
    const dsc = await buildDsc(directory, 'vendor', '1');
    const deb = await buildDeb(dirname(dsc), controlOf('vendor', '1-1'), { file: 'vendor_1-1_all.deb' });
    const changes = join(dirname(dsc), 'vendor.changes');
    await writeChanges(changes, 'vendor', [basename(dsc), basename(deb)]);
    const lie = join(dirname(dsc), 'lie.changes');
    await writeChanges(lie, 'vendor', [basename(deb)], { lies: { [basename(deb)]: '0'.repeat(64) } });
    const token = async (name: string, ...grant: string[]) => {
      await json(['user', 'create', name, '--no-password']);
      await json(['grant', 'add', name, ...grant]);
      return (await json<{ token: string }>(['token', 'create', `${name}/x`])).token;
    };
    const [packager, narrow, viewer] = [
      await token('pat', 'packager'),
      await token('ann', 'packager', '--project', 'vendor'),
      await token('eve', 'viewer'),
    ];
    const { url } = await serveAll(config, ['--no-poll', '--jobs', '0']);

    const first = await upload(deployment, RPM, built, '--reason', 'there are no sources');
    expect(first).toMatchObject({ upload: 1, target: RPM, project: 'vendor', replaced: [] });
    expect(first.packages.map(({ fullName }) => fullName)).toEqual(['vendor-1.0-1.noarch', 'vendor-1.0-1.src']);
    expect(await upload(deployment, RPM, built)).toMatchObject({ upload: null, snapshot: first.snapshot });
    expect(await upload(deployment, DEB, [changes])).toMatchObject({ upload: 2, project: 'vendor' });
    expect(await refusedUpload(deployment, DEB, [lie])).toMatchObject({ code: 'package_invalid' });
    const odd = join(directory, 'other-1.0-1.noarch.rpm');
    await writeFile(odd, await readFile(built[0]));
    const refused = await refusedUpload(deployment, RPM, [odd]);
    expect(refused).toMatchObject({
      code: 'package_invalid',
      message: expect.stringContaining('says that it is') as string,
    });
    expect(refused.message).not.toContain('scratch');
    expect(await json<unknown[]>(['audit', '--action', 'upload'])).toHaveLength(2);

    // Those who send what they did not say, for others, or without a right to.
    const bytes = new Uint8Array(await readFile(built[0]));
    const file = { name: basename(built[0]), size: bytes.length, sha256: await sha256File(built[0]) };
    const begin = (who: string, files: object[], more = {}) =>
      ask(url, who, 'POST', '', JSON.stringify({ files, ...more }));
    expect(await begin(viewer, [file])).toMatchObject({ status: 403 });
    expect(await begin(narrow, [file])).toMatchObject({ status: 403 });
    for (const name of ['../x.rpm', 'a/b.rpm', '.hidden', 'a b.rpm', '-x.rpm', 'x\u0000.rpm'])
      expect(await begin(packager, [{ ...file, name }])).toMatchObject({ status: 400 });
    expect(await begin(packager, [{ ...file, size: 5 * 2 ** 30 }])).toMatchObject({ code: 'payload_too_large' });
    expect(await begin(packager, [file, file])).toMatchObject({ code: 'invalid_argument' });
    const { id, status } = await begin(narrow, [file], { project: 'vendor' });
    expect(status).toBe(201);
    const at = `/${id}/files/${file.name}`;
    expect(await ask(url, packager, 'PUT', `${at}?offset=0`, bytes)).toMatchObject({ code: 'not_found' });
    expect(await ask(url, packager, 'POST', `/${id}/publish`, '{}')).toMatchObject({ code: 'not_found' });
    expect(await ask(url, narrow, 'POST', `/${id}/publish`, '{}')).toMatchObject({ code: 'invalid_argument' });
    expect(await ask(url, narrow, 'PUT', `/${id}/files/${encodeURIComponent('../x')}?offset=0`, bytes)).toMatchObject({
      code: 'not_found',
    });
    expect(await ask(url, narrow, 'PUT', `${at}?offset=7`, bytes)).toMatchObject({ code: 'precondition_failed' });
    expect(await ask(url, narrow, 'PUT', `${at}?offset=0`, bytes.slice(0, 100))).toMatchObject({ come: 100 });
    expect(await ask(url, narrow, 'PUT', `${at}?offset=100`, new Uint8Array(bytes.length))).toMatchObject({
      code: 'payload_too_large',
    });
    expect(await ask(url, narrow, 'PUT', `${at}?offset=100`, '{}')).toMatchObject({ status: 415 });
    const other = new Uint8Array(bytes.length - 100);
    // What came before the refusal counts as come.
    const { missing } = await createClient({ url, token: narrow }).get('getUpload', { target: RPM, upload: id });
    const come = missing[0]?.come ?? 0;
    expect(await ask(url, narrow, 'PUT', `${at}?offset=${String(come)}`, other.slice(come - 100))).toMatchObject({
      code: 'package_invalid',
    });
    expect(await ask(url, narrow, 'PUT', `${at}?offset=0`, bytes)).toMatchObject({ come: bytes.length });
    expect(await ask(url, narrow, 'PUT', `${at}?offset=0`, bytes)).toMatchObject({ code: 'not_found' });
    expect(await ask(url, narrow, 'POST', `/${id}/publish`, '{}')).toMatchObject({ status: 201, upload: 3 });
    expect(await ask(url, narrow, 'POST', `/${id}/publish`, '{}')).toMatchObject({ code: 'not_found' });
    // Too many at once, and nothing of those that are over is left.
    const many = [];
    for (let n = 0; n < 5; n += 1) many.push((await begin(packager, [{ ...file, sha256: sha256(String(n)) }])).status);
    expect(many).toEqual([201, 201, 201, 201, 429]);
    expect(await readdir(join(dataDir, 'scratch'))).toHaveLength(4);
  },
);
