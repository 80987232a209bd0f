import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createGpgSigner,
  listOwnKeys,
  makeOwnKey,
  retireOwnKey,
  usableOwnKeys,
} from '../../../src/drivers/signers/gpg/index.ts';
import { signWithAgent } from '../../../src/drivers/signers/gpg/agent-sign.ts';
import { signWithGpg } from '../../../src/drivers/signers/gpg/sign.ts';
import { readPublicKeys } from '../../../src/drivers/signers/public-keys.ts';
import { verifySignature } from '../../../src/drivers/signers/verify.ts';
import { dearmor, joinKeys, run } from '../../../src/lib/index.ts';
import type { Signer } from '../../../src/model/index.ts';
import { agentsOf, killAgent, makeKey, removeHomes, temporary } from './keys.ts';

afterEach(removeHomes);

const content = Buffer.from('Origin: x\n- a dash\nFrom me\n\n\u00e9 \n');
const binary = Buffer.from([0, 255, 10, 13, 10, 0, 128]);

const gpgSigner = (home: string, keys: string[], passphraseFile: string | null = null) =>
  createGpgSigner({ home, fingerprints: () => Promise.resolve(keys), passphraseFile });

/** What a client with these keys says: gpg's own words. */
async function clientSays(signer: Signer, signature: Uint8Array, signed: Uint8Array | null): Promise<string> {
  const directory = await temporary();
  const keys = (await signer.publicKeys()).flatMap((key) => dearmor(key.armored)).map((block) => block.content);
  await writeFile(join(directory, 'ring'), Buffer.concat(keys));
  await writeFile(join(directory, 's'), signature);
  await writeFile(join(directory, 'c'), signed ?? '');
  const files = [join(directory, 's'), ...(signed === null ? [] : [join(directory, 'c')])];
  return (await run(['gpgv', '--keyring', join(directory, 'ring'), ...files], { okExitCodes: [0, 1, 2] })).stderr;
}

/** The packets of a signature, without what differs each time: its moment and its number. */
async function packets(signature: Uint8Array): Promise<string[]> {
  const { stdout } = await run(['gpg', '--list-packets'], { input: signature });
  return stdout
    .split('\n')
    .filter((line) => !line.startsWith('# off'))
    .map((line) => line.replace(/created [0-9]+|sig created [0-9-]+|begin of digest .*|\[[0-9]+ bits\]/g, ''));
}

const signedText = (message: Uint8Array) => Buffer.from(message).toString().split('-----BEGIN PGP SIGNATURE')[0];

describe('the gpg signer', () => {
  test('makes detached, armored and clear signatures that gpgv takes', async () => {
    const home = await temporary();
    const signer = gpgSigner(home, [await makeKey(home)]);
    expect(await clientSays(signer, await signer.sign(binary, 'detached'), binary)).toContain('Good signature');
    const armored = await signer.sign(content, 'armored');
    expect(Buffer.from(armored).toString()).toMatch(/^-----BEGIN PGP SIGNATURE-----\n/);
    expect(await clientSays(signer, armored, content)).toContain('Good signature');
    const clear = await signer.sign(content, 'clearsigned');
    expect(Buffer.from(clear).toString()).toContain('\n\nOrigin: x\n- - a dash\n');
    expect(await clientSays(signer, clear, null)).toContain('Good signature');
  });

  test('names the public keys, and joins them into one block that gpg reads', async () => {
    const home = await temporary();
    const soon = await makeKey(home, { expires: '30d' });
    const keys = [await makeKey(home, { algorithm: 'rsa2048' }), soon];
    const published = await gpgSigner(home, keys).publicKeys();
    expect(published.map(({ fingerprint }) => fingerprint)).toEqual(keys);
    expect(published[0]?.expiresAt).toBeNull();
    expect((published[1]?.expiresAt ?? 0) - Date.now()).toBeGreaterThan(29 * 86400_000);
    const joined = joinKeys(published.map(({ armored }) => armored));
    expect(joined.match(/BEGIN/g)).toHaveLength(1);
    const other = await temporary();
    await run(['gpg', '--homedir', other, '--batch', '--import'], { input: joined });
    const { stdout } = await run(['gpg', '--homedir', other, '--batch', '--with-colons', '--list-keys']);
    for (const key of keys) expect(stdout).toContain(key);
  });

  test('signs clear text by every trusted key while they are rotated, and anything else by the first alone', async () => {
    const home = await temporary();
    const [newer, older] = [await makeKey(home), await makeKey(home)];
    const both = gpgSigner(home, [newer, older]);
    const clear = await both.sign(content, 'clearsigned');
    const detached = await both.sign(content, 'detached');
    const before = gpgSigner(home, [older]);
    expect(await clientSays(before, clear, null)).toContain('Good signature');
    expect(await clientSays(before, detached, content)).not.toContain('Good signature');
    expect((await clientSays(both, clear, null)).match(/Good signature/g)).toHaveLength(2);
  });

  test('unlocks a key with the passphrase in a file, and says what to do without one or with a wrong one', async () => {
    const home = await temporary();
    const key = await makeKey(home, { passphrase: 'open sesame' });
    await killAgent(home);
    await expect(gpgSigner(home, [key]).sign(content, 'detached')).rejects.toMatchObject({
      code: 'signing_failed',
      where: home,
      hint: expect.stringContaining('signing.passphrase_file') as string,
    });
    const file = join(home, 'passphrase');
    await writeFile(file, 'wrong\n');
    const signer = gpgSigner(home, [key], file);
    await expect(signer.sign(content, 'detached')).rejects.toMatchObject({ hint: `correct the passphrase in ${file}` });
    await writeFile(file, 'open sesame\n');
    expect(await clientSays(signer, await signer.sign(content, 'detached'), content)).toContain('Good signature');
  });

  test.each([
    [
      'has expired',
      'expired on 2020-02-01',
      async (home: string) => makeKey(home, { madeAt: '20200101T000000!', expires: '20200201T000000' }),
    ],
    ['is not there', 'There is no key', () => Promise.resolve('0123456789ABCDEF0123456789ABCDEF01234567')],
    [
      'has been revoked',
      'has been revoked',
      async (home: string) => {
        const key = await makeKey(home);
        const file = join(home, 'openpgp-revocs.d', `${key}.rev`);
        await writeFile(file, (await readFile(file, 'utf8')).replace(/^:---/m, '---'));
        await run(['gpg', '--homedir', home, '--batch', '--import', file]);
        return key;
      },
    ],
    [
      'has no secret part here',
      'gpg cannot sign: .*[Nn]o secret key',
      async (home: string) => {
        const other = await temporary();
        const key = await makeKey(other);
        const { stdout } = await run(['gpg', '--homedir', other, '--batch', '--armor', '--export', key]);
        await run(['gpg', '--homedir', home, '--batch', '--import'], { input: stdout });
        return key;
      },
    ],
  ])('refuses a key that %s', async (_, message, make) => {
    const home = await temporary();
    const signer = gpgSigner(home, [await make(home)]);
    await expect(signer.sign(content, 'detached')).rejects.toMatchObject({
      code: 'signing_failed',
      message: expect.stringMatching(message) as string,
      where: home,
      hint: expect.stringMatching(/.../) as string,
    });
  });

  test('says when the directory is not there', async () => {
    const key = '0123456789ABCDEF0123456789ABCDEF01234567';
    await expect(gpgSigner('/nonexistent/keys', [key]).sign(content, 'detached')).rejects.toMatchObject({
      code: 'signing_failed',
      where: '/nonexistent/keys',
    });
  });

  // Where there is a /run/user, gpg puts its sockets there.
  test.skipIf(existsSync(`/run/user/${String(process.getuid?.())}`))(
    'says when the path of its directory is too long for a socket',
    async () => {
      const home = join(await temporary(), 'x'.repeat(100));
      await mkdir(home);
      await expect(makeOwnKey(home, 'X', 0)).rejects.toMatchObject({
        message: expect.stringContaining('longer than 107') as string,
      });
    },
  );
});

/** A process that signs in `home` and then waits, or ends at once. */
async function signInProcess(home: string, key: string, wait: boolean) {
  const code = `
    import { createGpgSigner } from ${JSON.stringify(new URL('../../../src/drivers/signers/gpg/index.ts', import.meta.url).href)};
    const signer = createGpgSigner({ home: ${JSON.stringify(home)}, fingerprints: async () => [${JSON.stringify(key)}], passphraseFile: null });
    await Promise.all([1, 2, 3, 4].map(() => signer.sign(Buffer.from('x'), 'detached')));
    console.log('signed');
    if (${String(wait)}) setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(String((await once(child.stdout, 'data'))[0])).toBe('signed\n');
  return child;
}

describe('gpg-agent', () => {
  test.each([
    ['ends by itself', false],
    ['is killed', true],
  ])('runs once per directory and is gone when the process %s', async (_, wait) => {
    const home = await temporary();
    const key = await makeKey(home);
    await killAgent(home);
    const child = await signInProcess(home, key, wait);
    if (wait) {
      const second = await signInProcess(home, key, true);
      expect(await agentsOf(home)).toHaveLength(1);
      second.kill('SIGKILL');
      child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    await expect.poll(() => agentsOf(home), { timeout: 3000 }).toEqual([]);
  });

  test('that a person started is used and left alone', async () => {
    const home = await temporary();
    const key = await makeKey(home);
    const before = await agentsOf(home);
    expect(before).toHaveLength(1);
    const child = await signInProcess(home, key, false);
    if (child.exitCode === null) await once(child, 'close');
    await delay(500);
    expect(await agentsOf(home)).toEqual(before);
  });
});

describe('a signature that gpg-agent makes without gpg', () => {
  const text = Buffer.from('Origin: x\n- a dash\n-----BEGIN\n\nSHA256:\n abc 1 f\n');

  test('is taken by gpgv, and has in it what gpg puts into its own', async () => {
    const home = await temporary();
    const key = await makeKey(home, { algorithm: 'rsa3072' });
    const [listed] = await readPublicKeys(home, [key]);
    if (listed === undefined) throw new Error('no key');
    const signer = gpgSigner(home, [key]);
    await signer.sign(text, 'detached');
    for (const form of ['detached', 'armored', 'clearsigned'] as const)
      for (let n = 0; n < 3; n++) {
        const made = (await signWithAgent(home, listed, text, form)) ?? Buffer.from('nothing');
        const said = await clientSays(signer, made, form === 'clearsigned' ? null : text);
        expect(said).toContain('Good signature');
        await expect(
          verifySignature({ content: text, signature: made, form }, { keys: [listed], by: key }, 'here'),
        ).resolves.toBeUndefined();
        if (n > 0) continue;
        const own = await signWithGpg({ home, users: [key], passphraseFile: null }, text, form);
        expect(await packets(made)).toEqual(await packets(own));
        if (form === 'clearsigned') expect(signedText(made)).toBe(signedText(own));
      }
  });

  test('is left to gpg for other keys, odd texts, and where the agent refuses', async () => {
    const home = await temporary();
    const [plain, curve] = [await makeKey(home, { algorithm: 'rsa2048' }), await makeKey(home)];
    const locked = await makeKey(home, { algorithm: 'rsa2048', passphrase: 'secret' });
    const subkey = await makeKey(home, { algorithm: 'rsa2048' });
    await run([
      'gpg',
      ...['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', ''],
      ...['--quick-add-key', subkey, 'rsa2048', 'sign', 'never'],
    ]);
    await killAgent(home);
    const signer = gpgSigner(home, [plain]);
    await signer.sign(text, 'armored');
    const keys = await readPublicKeys(home, [plain, curve, locked, subkey]);
    const made = keys.map(async (key) => (await signWithAgent(home, key, text, 'detached')) !== undefined);
    expect(await Promise.all(made)).toEqual([true, false, false, false]);
    const [first] = keys;
    if (first === undefined) throw new Error('no key');
    for (const odd of ['no end', 'blank \n', 'a\r\n', 'empty\n\n', '\u00e9\n'])
      expect(await signWithAgent(home, first, Buffer.from(odd), 'clearsigned')).toBeUndefined();
    // Somebody else's key under this one's name.
    expect(await signWithAgent(home, { ...first, armored: keys[3]?.armored ?? '' }, text, 'detached')).toBeUndefined();
    const wrong = { ...first, keygrip: keys[3]?.keygrip ?? 'A'.repeat(40) };
    expect(await signWithAgent(home, wrong, text, 'detached')).toBeUndefined();
    // What the signer hands out for each is good.
    for (const key of [plain, curve, subkey])
      expect(
        await clientSays(gpgSigner(home, [key]), await gpgSigner(home, [key]).sign(text, 'detached'), text),
      ).toContain('Good signature');
  });
});

describe('keys of Trunkline’s own', () => {
  test('are made for their owner only, rotated and retired', async () => {
    const directory = join(await temporary(), 'keys');
    const signer = createGpgSigner({
      home: directory,
      fingerprints: () => usableOwnKeys(directory),
      passphraseFile: null,
    });
    await expect(signer.publicKeys()).rejects.toMatchObject({
      code: 'signing_failed',
      message: 'There is no signing key yet',
      hint: expect.stringContaining('trunkline key rotate') as string,
    });
    const first = await makeOwnKey(directory, 'Trunkline (a)', 1000);
    expect((await run(['stat', '-c', '%a', directory])).stdout).toBe('700\n');
    const names = async () => (await signer.publicKeys()).map(({ fingerprint }) => fingerprint);
    expect(await names()).toEqual([first.fingerprint]);
    await expect(retireOwnKey(directory, first.fingerprint, 1500)).rejects.toMatchObject({ code: 'invalid_argument' });

    const second = await makeOwnKey(directory, 'Trunkline (a)', 2000);
    expect(await names()).toEqual([second.fingerprint, first.fingerprint]);
    expect(await clientSays(signer, await signer.sign(binary, 'detached'), binary)).toContain('Good signature');

    await retireOwnKey(directory, first.fingerprint, 3000);
    expect(await names()).toEqual([second.fingerprint]);
    expect(await listOwnKeys(directory)).toEqual([second, { ...first, retiredAt: 3000 }]);
    await expect(retireOwnKey(directory, 'ABCD', 1)).rejects.toMatchObject({ code: 'not_found' });
    const { stdout } = await run([
      'gpg',
      '--homedir',
      directory,
      '--batch',
      '--with-colons',
      '--list-keys',
      second.fingerprint,
    ]);
    expect(/^pub:.*$/m.exec(stdout)?.[0].split(':').slice(2, 4)).toEqual(['3072', '1']);
  });

  test('with a damaged list are not guessed at', async () => {
    const directory = await temporary();
    await chmod(directory, 0o700);
    await writeFile(join(directory, 'keys.json'), '{"version":1,"keys":[{"fingerprint":"../x"}]}');
    await expect(usableOwnKeys(directory)).rejects.toMatchObject({ code: 'signing_failed', message: /damaged/ });
  });
});
