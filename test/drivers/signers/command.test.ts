import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCommandSigner } from '../../../src/drivers/signers/command/index.ts';
import { run } from '../../../src/lib/index.ts';
import type { SignatureForm } from '../../../src/model/index.ts';
import { makeKey, removeHomes, temporary } from './keys.ts';

/** Stands for another machine: the key is in a home that only the program knows. */
let home: string;
let key: string;
let publicKeys: string;
beforeAll(async () => {
  home = await temporary();
  key = await makeKey(home);
  publicKeys = join(home, 'public.asc');
  await run(['gpg', '--homedir', home, '--batch', '--armor', '--output', publicKeys, '--export', key]);
});
afterAll(removeHomes);

async function program(name: string, script: string): Promise<string> {
  const path = join(home, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

const GPG = 'gpg --homedir "$H" --batch --quiet --digest-algo SHA512';
const SIGN = `
case "$2" in
  detached) exec ${GPG} --detach-sign ;;
  armored) exec ${GPG} --armor --detach-sign ;;
  clearsigned) exec ${GPG} --clear-sign ;;
  *) echo "unknown form $2" >&2; exit 3 ;;
esac`;

const content = Buffer.from('Origin: x\n');
const signerOf = (path: string, keys = publicKeys) =>
  createCommandSigner({ command: [path, 'trunkline'], publicKeys: keys });

describe('the command signer', () => {
  test.each(['detached', 'armored', 'clearsigned'] as SignatureForm[])(
    'has a program make %s signatures',
    async (form) => {
      const path = await program('sign', `H=${home}\n[ "$1" = trunkline ] || exit 9\n${SIGN}`);
      const signer = signerOf(path);
      expect((await signer.publicKeys()).map(({ fingerprint }) => fingerprint)).toEqual([key]);
      const signature = Buffer.from(await signer.sign(content, form));
      await writeFile(join(home, 'signature'), signature);
      const files = [join(home, 'signature'), ...(form === 'clearsigned' ? [] : ['-'])];
      const { stderr } = await run(['gpg', '--homedir', home, '--batch', '--verify', ...files], { input: content });
      expect(stderr).toContain('Good signature');
    },
  );

  test.each([
    ['fails', 'echo no token in the reader >&2; exit 4', 'The signing program failed: no token in the reader'],
    ['answers nothing', 'cat > /dev/null', 'answered nothing'],
    ['answers text for a binary signature', `exec ${GPG} --armor --detach-sign`, 'answered text'],
    ['answers no signature', 'echo rubbish', 'The signature that was made is not good'],
    ['signs something else', `echo other | ${GPG} --detach-sign`, 'BAD signature'],
    ['signs with SHA-1', `exec gpg --homedir "$H" --batch --quiet --digest-algo SHA1 --detach-sign`, 'not good'],
  ])('refuses a program that %s', async (_, script, message) => {
    const path = await program('bad', `H=${home}\n${script}`);
    await expect(signerOf(path).sign(content, 'detached')).rejects.toMatchObject({
      code: 'signing_failed',
      message: expect.stringContaining(message) as string,
      where: path,
    });
  });

  test.each([
    ['other text', `echo other | ${GPG} --clear-sign`, 'of another text'],
    ['text around the signed one', `echo Suite: evil; ${GPG} --clear-sign`, 'before or after'],
  ])('refuses a clear signature with %s', async (_, script, message) => {
    const path = await program('bad', `H=${home}\n${script}`);
    await expect(signerOf(path).sign(content, 'clearsigned')).rejects.toThrow(message);
  });

  test('refuses a signature by a key that clients do not have', async () => {
    const other = await temporary();
    await makeKey(other);
    const path = await program('wrong', `H=${other}\n${SIGN}`);
    await expect(signerOf(path).sign(content, 'detached')).rejects.toThrow(/No public key/);
  });

  test('says when the program or the file of public keys is not there or no good', async () => {
    await expect(signerOf('/nonexistent/sign').sign(content, 'detached')).rejects.toThrow(/program is not there/);
    const path = await program('sign', `H=${home}\n${SIGN}`);
    await expect(signerOf(path, '/nonexistent/keys').publicKeys()).rejects.toThrow(/cannot be read: ENOENT/);
    const file = join(home, 'file');
    await writeFile(file, 'no key');
    await expect(signerOf(path, file).publicKeys()).rejects.toThrow(/no public key in it/);
    const { stdout } = await run(['gpg', '--homedir', home, '--batch', '--armor', '--export-secret-keys', key]);
    await writeFile(file, stdout);
    await expect(signerOf(path, file).publicKeys()).rejects.toThrow(/a secret key in the file of public keys/);
  });

  test('refuses to sign for a key that has expired', async () => {
    const other = await temporary();
    const old = await makeKey(other, { madeAt: '20200101T000000!', expires: '20200201T000000' });
    const file = join(other, 'old.asc');
    await run(['gpg', '--homedir', other, '--batch', '--armor', '--output', file, '--export', old]);
    await expect(signerOf(await program('sign', SIGN), file).sign(content, 'detached')).rejects.toThrow(
      /expired on 2020-02-01/,
    );
  });
});
