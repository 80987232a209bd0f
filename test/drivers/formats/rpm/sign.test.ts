import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGpgSigner } from '../../../../src/drivers/signers/gpg/index.ts';
import { run, sha256, sha256File } from '../../../../src/lib/index.ts';
import type { PackageFile, Signer } from '../../../../src/model/index.ts';
import { makeKey, removeHomes, temporary } from '../../signers/keys.ts';
import { buildRpm, rpm, scratch } from '../packages.ts';
import { sampled } from '../../../sampled.ts';

let directory: string;
let home: string;
let older: string;
let signer: Signer;
let hello: [string, string];
let odd: [string, string];
let runs = 0;

const signerOf = (...keys: string[]) =>
  createGpgSigner({ home, fingerprints: () => Promise.resolve(keys), passphraseFile: null });

beforeAll(async () => {
  [directory, home] = [await scratch(), await temporary()];
  const newer = await makeKey(home, { algorithm: 'rsa3072' });
  older = await makeKey(home, { algorithm: 'rsa3072' });
  signer = signerOf(newer, older);
  hello = await buildRpm(directory, { name: 'hello' });
  odd = await buildRpm(directory, { name: 'odd', version: '2.0^1', epoch: 4, rest: '%post\ntrue' });
});
afterAll(async () => {
  await removeHomes();
  await rm(directory, { recursive: true });
});

async function sign(files: readonly PackageFile[], by = signer): Promise<PackageFile[]> {
  const into = join(directory, `signed-${String(runs++)}`);
  await mkdir(into);
  const signed = await rpm.sign?.(files, by, into);
  const left = (await readdir(into, { recursive: true })).filter((name) => name.includes('.tmp-'));
  expect(left).toEqual([]);
  return signed ?? [];
}

/** What rpmkeys says with an rpmdb that has the public keys of `by` and no others. */
async function rpmSays(path: string, by = signer): Promise<string> {
  const db = join(directory, `db-${String(runs++)}`);
  await mkdir(db);
  for (const key of await by.publicKeys()) {
    await writeFile(join(db, 'key.asc'), key.armored);
    await run(['rpmkeys', '--dbpath', db, '--import', join(db, 'key.asc')]);
  }
  return (await run(['rpmkeys', '--dbpath', db, '-Kv', path], { okExitCodes: [0, 1] })).stdout;
}

/** An RPM by its parts: lead and signature header, then the rest. */
async function partsOf(path: string): Promise<{ lead: Buffer; rest: Buffer; headerAt: number }> {
  const bytes = await readFile(path);
  const signature = 16 + bytes.readUInt32BE(104) * 16 + bytes.readUInt32BE(108);
  const headerAt = 96 + Math.ceil(signature / 8) * 8;
  return { lead: bytes.subarray(0, 96), rest: bytes.subarray(headerAt), headerAt };
}

function only(files: readonly PackageFile[]): PackageFile {
  const [file] = files;
  if (file === undefined || files.length > 1) throw new Error(`${String(files.length)} packages`);
  return file;
}

const identified = async (path: string) => only(await rpm.identify([path]));

async function changed(name: string, change: (bytes: Buffer, headerAt: number) => unknown): Promise<string> {
  const path = join(directory, name);
  const { headerAt } = await partsOf(hello[0]);
  const bytes = await readFile(hello[0]);
  const made = change(bytes, headerAt);
  await writeFile(path, made instanceof Buffer ? made : bytes);
  return path;
}

describe('signing RPMs', () => {
  test('signs binary and source packages together; rpm trusts them, and only the signature is new', async () => {
    const files = await rpm.identify([...hello, ...odd]);
    const signed = await sign(files);
    expect(signed.map(({ identity }) => identity)).toEqual(files.map(({ identity }) => identity));
    for (const [n, file] of signed.entries()) {
      const original = files[n]?.path ?? '';
      expect(await rpmSays(file.path)).toMatch(/Header V4 RSA\/SHA256 Signature, key ID [0-9a-f]+: OK/);
      expect(await rpmSays(original)).not.toMatch(/Signature/);
      expect(file.sha256).toBe(await sha256File(file.path));
      expect(file.sha256).not.toBe(files[n]?.sha256);
      expect(file.path.endsWith(`/${file.identity.fileName}`)).toBe(true);
      const [before, after] = [await partsOf(original), await partsOf(file.path)];
      expect(after.rest.equals(before.rest) && after.lead.equals(before.lead)).toBe(true);
    }
    expect((await rpm.fragments(signed))[0]?.primary).toContain(signed[0]?.sha256);
  });

  test('replaces the signature that a package came with', async () => {
    const first = only(await sign([await identified(hello[0])], signerOf(older)));
    expect(await rpmSays(first.path, signerOf(older))).toContain('Signature, key ID');
    const second = only(await sign([first]));
    const says = await rpmSays(second.path);
    expect(says.match(/Signature/g)).toHaveLength(1);
    expect(says.toLowerCase()).toContain((await signer.publicKeys())[0]?.fingerprint.slice(-8).toLowerCase());
    expect(await rpmSays(second.path, signerOf(older))).toMatch(/NOKEY/);
    // Once more by the same key: nothing is lost.
    await delay(1100);
    const again = only(await sign([second]));
    expect(await rpmSays(again.path)).toContain(': OK');
    expect(again.sha256).not.toBe(second.sha256);
  });

  test('takes a package of rpm before 4.14, whose header has no digest of the payload, and signs that too', async () => {
    const old = await changed('old.rpm', (bytes, headerAt) => {
      const entries = bytes.readUInt32BE(headerAt + 8);
      const end = headerAt + 16 + entries * 16 + bytes.readUInt32BE(headerAt + 12);
      const before = {
        sha256: sha256(bytes.subarray(headerAt, end)),
        sha1: hash('sha1', bytes.subarray(headerAt, end)),
      };
      const md5 = hash('md5', bytes.subarray(headerAt));
      for (let n = 0; n < entries; n++)
        if ([5092, 5097].includes(bytes.readUInt32BE(headerAt + 16 + n * 16)))
          bytes.writeUInt32BE(5990 + n, headerAt + 16 + n * 16);
      replace(bytes, before.sha256, sha256(bytes.subarray(headerAt, end)));
      replace(bytes, before.sha1, hash('sha1', bytes.subarray(headerAt, end)));
      const at = bytes.indexOf(Buffer.from(md5, 'hex'));
      bytes.set(Buffer.from(hash('md5', bytes.subarray(headerAt)), 'hex'), at);
    });
    const [signed] = await sign([await identified(old)]);
    const says = await rpmSays(signed?.path ?? '');
    expect(says).toMatch(/Header V4 RSA\/SHA256 Signature, key ID [0-9a-f]+: OK/);
    expect(says).toMatch(/^ +V4 RSA\/SHA256 Signature, key ID [0-9a-f]+: OK/m);
  });
});

const hash = (name: string, bytes: Uint8Array) => createHash(name).update(bytes).digest('hex');
function replace(bytes: Buffer, from: string, to: string): void {
  const at = bytes.indexOf(from);
  expect(at).toBeGreaterThan(0);
  bytes.write(to, at);
}

describe('RPMs that lie are refused before or after rpmsign, and named', () => {
  test.each<[string, RegExp, (bytes: Buffer, headerAt: number) => unknown]>([
    [
      'a signature header longer than the file',
      /goes on to byte|bytes of data/,
      (bytes) => bytes.writeUInt32BE(0x03ffffff, 108),
    ],
    ['more signature entries than rpm allows', /33 entries/, (bytes) => bytes.writeUInt32BE(33, 104)],
    [
      'a length that points into the payload',
      /there is no header at byte/,
      (bytes) => bytes.writeUInt32BE(bytes.readUInt32BE(108) + 8, 108),
    ],
    ['a main header longer than the file', /goes on to byte/, (bytes, at) => bytes.writeUInt32BE(0x0fff0000, at + 12)],
    ['a main header of 4 GB', /bytes of data/, (bytes, at) => bytes.writeUInt32BE(0xffffffff, at + 12)],
    ['no entry in its header', /0 entries/, (bytes, at) => bytes.writeUInt32BE(0, at + 8)],
    ['no lead', /does not begin as an RPM/, (bytes) => bytes.writeUInt32BE(0, 0)],
    ['its end cut off in the lead', /goes on to byte 96/, (bytes) => bytes.subarray(0, 50)],
    [
      'a main header one byte longer',
      /rpm(sign)? refuses it/,
      (bytes, at) => bytes.writeUInt32BE(bytes.readUInt32BE(at + 12) + 1, at + 12),
    ],
    [
      'another payload',
      /rpm(sign)? refuses it: .*(not signing corrupt|digest)/i,
      (bytes) => bytes.writeUInt8((bytes.at(-20) ?? 0) ^ 1, bytes.length - 20),
    ],
  ])('%s', async (what, message, change) => {
    const path = await changed(`${what.replaceAll(' ', '-')}.rpm`, change);
    const file = { ...(await identified(hello[0])), path, sha256: await sha256File(path) };
    const good = await identified(odd[0]);
    await expect(sign([good, file])).rejects.toMatchObject({
      code: 'package_invalid',
      message: expect.stringMatching(message) as string,
      where: path,
    });
  });

  test('a file that changed since it was identified', async () => {
    const path = join(directory, 'changing.rpm');
    await copyFile(hello[0], path);
    const file = await identified(path);
    await copyFile(odd[0], path);
    await expect(sign([file])).rejects.toThrow(/has changed since/);
    await truncate(path, 0);
    await expect(sign([file])).rejects.toMatchObject({ code: 'package_invalid', where: path });
  });
});

describe('a key that rpm cannot use', () => {
  test('is named before anything is published', async () => {
    // NIST P-256: gpg makes good signatures with it, rpm 4.18 does not know them.
    const curve = await makeKey(home, { algorithm: 'nistp256' });
    await expect(sign([await identified(hello[0])], signerOf(curve))).rejects.toThrow(
      /rpmsign refuses it|does not take/,
    );
  });

  test('the signing is given up where the key has expired', async () => {
    const old = await makeKey(home, { algorithm: 'rsa2048', madeAt: '20200101T000000!', expires: '20200201T000000' });
    await expect(sign([await identified(hello[0])], signerOf(old))).rejects.toMatchObject({
      code: 'signing_failed',
      message: expect.stringContaining('expired on 2020-02-01') as string,
    });
  });
});

sampled('a large package costs no memory to speak of', async () => {
  const [path] = await buildRpm(directory, {
    name: 'large',
    rest: 'head -c 80000000 /dev/urandom > %{buildroot}/usr/share/large/data',
    preamble: '%define _binary_payload w0.gzdio',
  });
  const file = await identified(path);
  const before = process.memoryUsage().rss;
  const [signed] = await sign([file]);
  expect(process.memoryUsage().rss - before).toBeLessThan(60e6);
  expect(await rpmSays(signed?.path ?? '')).toContain(': OK');
});
