import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCheckedInserter } from '../../../../src/drivers/formats/rpm/checked-insertion.ts';
import { createRpmFormat } from '../../../../src/drivers/formats/rpm/index.ts';
import type { SignatureInserter, Unsigned } from '../../../../src/drivers/formats/rpm/insert-signatures.ts';
import { readHead } from '../../../../src/drivers/formats/rpm/read-head.ts';
import { signedFront } from '../../../../src/drivers/formats/rpm/signature-header.ts';
import { createGpgSigner } from '../../../../src/drivers/signers/gpg/index.ts';
import { openJail } from '../../../../src/lib/jail/index.ts';
import { run, sha256, TrunklineError } from '../../../../src/lib/index.ts';
import type { PackageFile, Signer } from '../../../../src/model/index.ts';
import { makeRpms } from '../../../bench/publish/rpms.ts';
import { makeKey, removeHomes, temporary } from '../../signers/keys.ts';
import { rpm, scratch } from '../packages.ts';

let directory: string;
let files: PackageFile[];
let signers: Signer[];

beforeAll(async () => {
  directory = await scratch();
  files = await rpm.identify(await makeRpms(join(directory, 'bench'), 6));
  const home = await temporary();
  signers = [];
  for (const algorithm of ['rsa3072', 'rsa4096']) {
    const key = await makeKey(home, { algorithm });
    signers.push(createGpgSigner({ home, fingerprints: () => Promise.resolve([key]), passphraseFile: null }));
  }
});
afterAll(async () => {
  await removeHomes();
  await rm(directory, { recursive: true });
});

const work = () => mkdtemp(join(directory, 'work-'));
const signer = (n: number) => signers[n] ?? expect.fail();

async function unsigned(some: readonly PackageFile[], by: Signer): Promise<Unsigned[]> {
  return Promise.all(
    some.map(async (file) => {
      const head = await readHead(file.path);
      return { file, head, signatures: new Map([[sha256(head.header), await by.sign(head.header, 'detached')]]) };
    }),
  );
}

const right = ({ head, signatures }: Unsigned) =>
  signedFront(head, [...signatures.values()][0] ?? expect.fail())?.front ?? expect.fail();

/** What stands for rpmsign, and what it was asked for. */
function stand(answer: (one: Unsigned) => Buffer): { asked: number[]; inserter: SignatureInserter } {
  const asked: number[] = [];
  const insert: SignatureInserter['insert'] = (some) => {
    asked.push(some.length);
    return Promise.resolve(some.map(answer));
  };
  return { asked, inserter: createCheckedInserter({ insert }) };
}

describe('signing', () => {
  test('a second package under the same keys starts no jail', async () => {
    const opened: string[] = [];
    const counted = createRpmFormat({
      openJail: (options) => {
        opened.push(options.label);
        return openJail(options);
      },
    });
    const jails = () => opened.filter((label) => label === 'sign-rpm').length;
    const signed: PackageFile[] = [];
    const sign = async (n: number, by: number) => {
      const into = await work();
      signed.push(...((await counted.sign?.(files.slice(n, n + 1), signer(by), into)) ?? []));
    };
    await sign(0, 0);
    expect(jails()).toBe(1);
    for (const n of [1, 2, 3]) await sign(n, 0);
    await pause(200);
    expect(jails()).toBe(1);
    // Once for other keys.
    await sign(4, 1);
    const after = jails();
    expect(after).toBeGreaterThan(1);
    await sign(5, 1);
    await sign(5, 0);
    expect(signed.map(({ identity }) => identity.name)).toEqual([...files, files[5]].map((one) => one?.identity.name));
    for (const { path } of signed) {
      const { stdout } = await run(['rpm', '-qp', '--nosignature', '--qf', '%{RSAHEADER:pgpsig}', path]);
      expect(stdout).toMatch(/^RSA\/SHA256/);
    }
  });
});

describe('the inserter', () => {
  test('has rpmsign do one package, sees that it would have done the same, and does the rest', async () => {
    const keys = await signer(0).publicKeys();
    const { asked, inserter } = stand(right);
    const some = await unsigned(files, signer(0));
    expect(await inserter.insert(some, keys, await work())).toEqual(some.map(right));
    expect(asked).toEqual([1]);
    await inserter.insert(some.slice(0, 2), keys, await work());
    expect(asked).toEqual([1]);
    // Other keys, and another key that signs under the same ones.
    await inserter.insert(some.slice(0, 2), await signer(1).publicKeys(), await work());
    expect(asked).toEqual([1, 1]);
    await inserter.insert(await unsigned(files.slice(0, 3), signer(1)), keys, await work());
    expect(asked).toEqual([1, 1, 1]);
  });

  test('leaves all to an rpmsign that writes otherwise, and what is out of the ordinary to any', async () => {
    const keys = await signer(0).publicKeys();
    const some = await unsigned(files, signer(0));
    const other = stand((one) => Buffer.concat([right(one), Buffer.alloc(8)]));
    const fronts = await other.inserter.insert(some, keys, await work());
    expect(fronts).toEqual(some.map((one) => Buffer.concat([right(one), Buffer.alloc(8)])));
    expect(other.asked).toEqual([1, 5]);
    await other.inserter.insert(await unsigned(files, signer(1)), await signer(1).publicKeys(), await work());
    expect(other.asked).toEqual([1, 5, 6]);

    const same = stand(({ head }) => head.front);
    const odd = some.map((one) => ({ ...one, head: { ...one.head, payloadDigest: false } }));
    for (let n = 0; n < 2; n++) await same.inserter.insert(odd, keys, await work());
    expect(same.asked).toEqual([6, 6]);
  });

  test('keeps the order where some are done by rpmsign', async () => {
    const some = await unsigned(files, signer(0));
    const mixed = some.map((one, n) => (n % 2 === 0 ? { ...one, head: { ...one.head, payloadDigest: false } } : one));
    const theirs = new Map(mixed.map((one, n) => [one, Buffer.from(String(n))]));
    const { asked, inserter } = stand((one) =>
      one.head.payloadDigest ? right(one) : (theirs.get(one) ?? expect.fail()),
    );
    const fronts = await inserter.insert(mixed, await signer(0).publicKeys(), await work());
    expect(asked).toEqual([4]);
    expect(fronts).toEqual(mixed.map((one, n) => (n % 2 === 0 ? theirs.get(one) : right(one))));
  });

  test('does nothing itself under a key that rpm has not taken', async () => {
    let asked = 0;
    const inserter = createCheckedInserter({
      insert: () => {
        asked++;
        return Promise.reject(new TrunklineError('signing_failed', 'rpm does not take it'));
      },
    });
    const some = await unsigned(files.slice(0, 1), signer(0));
    for (let n = 0; n < 2; n++) {
      const into = await work();
      await mkdir(join(into, 'mine'));
      await expect(inserter.insert(some, await signer(0).publicKeys(), into)).rejects.toThrow('does not take it');
    }
    expect(asked).toBe(2);
  });
});
