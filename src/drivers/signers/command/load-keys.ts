import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, ProcessError, run } from '../../../lib/index.ts';
import { gpgCommand, readPublicKeys, type ListedKey } from '../public-keys.ts';
import { signingFailed } from '../refusal.ts';

/**
 * The public keys in a file, in its order, read by gpg in a home of their own.
 * @throws TrunklineError `signing_failed` when there are none, or a secret one is among them.
 */
export async function loadPublicKeys(path: string): Promise<readonly ListedKey[]> {
  await refuseSecrets(path);
  const home = await mkdtemp(join(tmpdir(), 'trunkline-keys-'));
  try {
    await run([...gpgCommand(home), '--quiet', '--import', '--', path]);
    const keys = await readPublicKeys(home, null);
    if (keys.length === 0) throw signingFailed('There is no public key in it', path, HINT);
    return keys;
  } catch (error) {
    if (error instanceof ProcessError && error.code !== 'missing_tool')
      throw signingFailed('There is no public key in it that gpg can read', path, HINT, error);
    throw error;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const HINT =
  'write it with gpg --export --armor FINGERPRINT, the key that signs first, and name it as signing.public_keys';

async function refuseSecrets(path: string): Promise<void> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    throw signingFailed(`The public keys cannot be read: ${errnoOf(error) ?? String(error)}`, path, HINT, error);
  }
  // The first byte of a secret key packet: tag 5, in the old form or the new.
  const [first = 0] = content;
  if (content.includes('PRIVATE KEY BLOCK') || [0x94, 0x95, 0x96, 0xc5].includes(first))
    throw signingFailed('There is a secret key in the file of public keys', path, HINT);
}
