import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHead, readHeadOf, type RpmHead } from '../../../../src/drivers/formats/rpm/read-head.ts';
import { signedFront } from '../../../../src/drivers/formats/rpm/signature-header.ts';
import { createGpgSigner } from '../../../../src/drivers/signers/gpg/index.ts';
import { run, TrunklineError } from '../../../../src/lib/index.ts';
import type { Signer } from '../../../../src/model/index.ts';
import { makeRpms } from '../../../bench/publish/rpms.ts';
import { makeKey, removeHomes, temporary } from '../../signers/keys.ts';
import { buildRpm, scratch } from '../packages.ts';
import { frontOf, looseEntries, signedByRpmsign, withFront } from './signature-headers.ts';

let directory: string;
const signers = new Map<string, Signer>();
const packages = new Map<string, string>();
let runs = 0;

const signerOf = (name: string) => signers.get(name) ?? expect.fail(name);
const packageOf = (name: string) => packages.get(name) ?? expect.fail(name);

beforeAll(async () => {
  directory = await scratch();
  const home = await temporary();
  for (const algorithm of ['rsa2048', 'rsa3072', 'rsa4096', 'ed25519']) {
    const key = await makeKey(home, { algorithm });
    signers.set(algorithm, createGpgSigner({ home, fingerprints: () => Promise.resolve([key]), passphraseFile: null }));
  }
  const [binary, source] = await buildRpm(directory, { name: 'hello', version: '2.0^1', epoch: 4 });
  packages.set('a binary package', binary).set('a source package', source);
  const spaces = { 'much space': 100_000, 'no space': 0, 'space for some keys': 540, 'odd space': 4099 };
  for (const [what, bytes] of Object.entries(spaces)) {
    const preamble = `%global __gpg_reserved_space ${String(bytes)}`;
    packages.set(what, (await buildRpm(directory, { name: `space${String(bytes)}`, preamble }))[0]);
  }
  for (const [n, path] of (await makeRpms(join(directory, 'bench'), 3)).entries())
    packages.set(`a package of the benchmark, ${String(n)}`, path);
  packages.set('sizes in 64 bits', await withLongSizes(binary));
  for (const by of ['rsa2048', 'rsa4096', 'ed25519'])
    packages.set(`one signed by ${by}`, await signedByRpmsign(directory, binary, await signatureOf(binary, by)));
});
afterAll(async () => {
  await removeHomes();
  await rm(directory, { recursive: true });
});

async function signatureOf(path: string, by: string): Promise<Uint8Array> {
  return signerOf(by).sign((await readHead(path)).header, 'detached');
}

/** LONGSIZE and LONGARCHIVESIZE, where a package of 4 GB has them, in the place of SIZE and PAYLOADSIZE. */
async function withLongSizes(path: string): Promise<string> {
  const { front, size } = await readHead(path);
  const long = (tag: number, value: number) => ({
    ...{ tag, type: 5, count: 1 },
    data: Buffer.from(value.toString(16).padStart(16, '0'), 'hex'),
  });
  const kept = looseEntries(front).filter(({ tag }) => tag !== 1000 && tag !== 1007);
  const entries = [...kept, long(270, size - front.length), long(271, 5000)].sort((a, b) => a.tag - b.tag);
  return withFront(path, frontOf(front.subarray(0, 96), entries), join(directory, 'long.rpm'));
}

async function rpmkeys(path: string, by: string): Promise<string> {
  const db = join(directory, `db-${String(runs++)}`);
  await mkdir(db);
  for (const key of await signerOf(by).publicKeys()) {
    await writeFile(join(db, 'key.asc'), key.armored);
    await run(['rpmkeys', '--dbpath', db, '--import', join(db, 'key.asc')]);
  }
  const level = ['--define', '_pkgverify_level all'];
  return (await run(['rpmkeys', '--dbpath', db, ...level, '-Kv', path], { okExitCodes: [0, 1] })).stdout;
}

describe('a signature put into a package', () => {
  test.each(['rsa2048', 'rsa3072', 'rsa4096'])('by %s is where rpmsign puts it, byte for byte', async (by) => {
    const fits = new Set<boolean>();
    for (const [what, path] of packages) {
      const head = await readHead(path);
      const signature = await signatureOf(path, by);
      const made = signedFront(head, signature)?.front;
      const theirs = await readHead(await signedByRpmsign(directory, path, signature));
      expect(made?.toString('hex'), what).toBe(theirs.front.toString('hex'));
      expect(theirs.front.includes(Buffer.from(signature)), what).toBe(true);
      fits.add(theirs.front.length === head.front.length);
    }
    expect([...fits].sort()).toEqual([false, true]);
  });

  test('takes its bytes from what is reserved up to the last but one', async () => {
    const path = packageOf('a binary package');
    const { front } = await readHead(path);
    const signature = await signatureOf(path, 'rsa2048');
    const fits = [];
    for (let more = -5; more <= 5; more++) {
      const count = signature.length + 16 + more;
      const space = { tag: 1008, type: 7, count, data: Buffer.alloc(count) };
      const entries = [...looseEntries(front).filter(({ tag }) => tag !== 1008), space];
      const file = await withFront(path, frontOf(front.subarray(0, 96), entries), join(directory, 'near.rpm'));
      const head = await readHead(file);
      const theirs = await readHead(await signedByRpmsign(directory, file, signature));
      expect(signedFront(head, signature)?.front.toString('hex'), String(more)).toBe(theirs.front.toString('hex'));
      fits.push(theirs.front.length === head.front.length);
    }
    expect([fits.at(0), fits.at(-1)]).toEqual([false, true]);
  });

  test('is good to rpm with the key, and with no other', async () => {
    for (const what of ['a binary package', 'a source package', 'no space', 'one signed by rsa2048']) {
      const path = packageOf(what);
      const made = signedFront(await readHead(path), await signatureOf(path, 'rsa3072'));
      const signed = await withFront(path, made?.front ?? expect.fail(what), join(directory, 'good.rpm'));
      expect(await rpmkeys(signed, 'rsa3072')).toMatch(
        /^(?!.*(NOT|BAD|NOKEY)).*RSA\/SHA256 Signature, key ID \w+: OK/s,
      );
      expect(await rpmkeys(signed, 'rsa4096')).toMatch(/NOKEY/);
    }
    const path = packageOf('a binary package');
    const other = signedFront(await readHead(path), await signatureOf(packageOf('a source package'), 'rsa3072'));
    const wrong = await withFront(path, other?.front ?? expect.fail(), join(directory, 'wrong.rpm'));
    expect(await rpmkeys(wrong, 'rsa3072')).toMatch(/Signature, key ID \w+: BAD/);
  });

  test('is left to rpmsign where it or the package is out of the ordinary', async () => {
    const path = packageOf('a binary package');
    const head = await readHead(path);
    const signature = Buffer.from(await signatureOf(path, 'rsa3072'));
    expect(signedFront(head, signature)).toBeDefined();
    expect(signedFront(head, await signatureOf(path, 'ed25519'))).toBeUndefined();
    expect(signedFront(head, Buffer.concat([signature, signature]))).toBeUndefined();
    expect(signedFront({ ...head, payloadDigest: false }, signature)).toBeUndefined();
    const old = Buffer.from(head.header);
    old.writeUInt32BE(1000, 16);
    expect(signedFront({ ...head, header: old }, signature)).toBeUndefined();
    for (let length = 0; length < signature.length; length++)
      expect(signedFront(head, signature.subarray(0, length)), String(length)).toBeUndefined();
    const unknown = { tag: 274, type: 8, count: 1, data: Buffer.from('ab\0') };
    const entries = [...looseEntries(head.front), unknown].sort((a, b) => a.tag - b.tag);
    expect(signedFront({ ...head, front: frontOf(head.front.subarray(0, 96), entries) }, signature)).toBeUndefined();
    const unsorted = frontOf(head.front.subarray(0, 96), looseEntries(head.front).reverse());
    expect(signedFront({ ...head, front: unsorted }, signature)).toBeUndefined();
  });

  test('says the same kind of every signature by a key, and another of another key', async () => {
    const kinds = [];
    for (const [what, by] of [
      ['a binary package', 'rsa3072'],
      ['a source package', 'rsa3072'],
      ['a binary package', 'rsa2048'],
    ] as const)
      kinds.push(signedFront(await readHead(packageOf(what)), await signatureOf(packageOf(what), by))?.kind);
    expect(kinds[0]).toMatch(/^0\/8\/.*33=04[0-9a-f]{40}/);
    expect(kinds[1]).toBe(kinds[0]);
    expect(kinds[2]).not.toBe(kinds[0]);
  });
});

describe('headers that are made to mislead', () => {
  const random = (seed: number) => {
    let state = seed;
    return (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  };
  /** The front that is made of these bytes, or undefined however they are refused; it fails where they are neither. */
  async function attempt(bytes: Buffer, signature: Uint8Array): Promise<Buffer | undefined> {
    let head: RpmHead;
    try {
      head = await readHeadOf('made.rpm', bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(TrunklineError);
      expect((error as TrunklineError).code).toBe('package_invalid');
      return undefined;
    }
    const front = signedFront(head, signature)?.front;
    if (front !== undefined) expectSameEntries(head.front, front, signature);
    return front;
  }
  function expectSameEntries(before: Buffer, after: Buffer, signature: Uint8Array): void {
    const others = (front: Buffer) =>
      looseEntries(front).filter(({ tag }) => ![267, 268, 1002, 1005, 1008].includes(tag));
    expect(after.subarray(0, 96).equals(before.subarray(0, 96))).toBe(true);
    expect(others(after)).toEqual(others(before));
    expect(looseEntries(after).filter(({ tag }) => tag === 268)).toMatchObject([{ type: 7, data: signature }]);
    const space = (front: Buffer) => looseEntries(front).find(({ tag }) => tag === 1008)?.data;
    expect(space(before)?.indexOf(space(after) ?? expect.fail())).toBe(0);
  }

  test.each(['a binary package', 'one signed by rsa4096'])(
    '%s: cut off, with wild numbers, with bits turned',
    async (what) => {
      const path = packageOf(what);
      const whole = await readFile(path);
      const head = await readHead(path);
      const signature = Buffer.from(await signatureOf(path, 'rsa3072'));
      const { front } = head;
      expect(await attempt(whole, signature)).toBeDefined();
      for (let length = 0; length < front.length; length++) {
        expect(signedFront({ ...head, front: front.subarray(0, length) }, signature), String(length)).toBeUndefined();
        if (length % 16 < 2) expect(await attempt(whole.subarray(0, length), signature)).toBeUndefined();
      }
      const index = 112 + 16 * front.readUInt32BE(104);
      const trailer = index + front.readUInt32BE(108) - 16;
      const places = [...Array.from({ length: (index - 96) / 4 }, (_, n) => 96 + 4 * n), trailer, trailer + 8];
      for (const at of places)
        for (const value of [0, 1, 7, 16, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, -1, -8, -16, 8, 4096]) {
          const bytes = Buffer.from(whole);
          const wild = value < 0 || value === 8 ? (front.readUInt32BE(at) + value) >>> 0 : value;
          bytes.writeUInt32BE(wild, at);
          const made = await attempt(bytes, signature);
          // Nothing may be another number and still be taken, but the tag of an old signature (268, RSA), which goes anyway: 267 is DSA's.
          if (made !== undefined)
            expect(
              [front.readUInt32BE(at), front.readUInt32BE(at) === 268 ? 267 : null],
              `${String(at)}: ${String(value)}`,
            ).toContain(wild);
        }
      const next = random(20_261);
      let taken = 0;
      for (let n = 0; n < 4000; n++) {
        const bytes = Buffer.from(whole);
        const near = n % 4 === 0 ? trailer : 96;
        for (let flips = 1 + next(3); flips > 0; flips--) {
          const at = near + next(near === 96 ? index + 150 - 96 : 16);
          bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8));
        }
        if ((await attempt(bytes, signature)) !== undefined) taken++;
      }
      expect(taken).toBeGreaterThan(50);
      expect(taken).toBeLessThan(3000);
    },
  );

  test('what is made of changed reserved space is what rpmsign makes of it', async () => {
    const path = packageOf('a binary package');
    const whole = await readFile(path);
    const signature = await signatureOf(path, 'rsa3072');
    const { front } = await readHead(path);
    const next = random(7);
    const changed = join(directory, 'changed.rpm');
    for (let n = 0; n < 8; n++) {
      const bytes = Buffer.from(whole);
      for (let flips = 0; flips < 500; flips++) bytes[front.length - 40 - next(4000)] = next(256);
      await writeFile(changed, bytes);
      const made = await attempt(bytes, signature);
      const theirs = await readHead(await signedByRpmsign(directory, changed, signature));
      expect(made?.equals(theirs.front)).toBe(true);
    }
  });
});
