import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fileSystemError, ProcessError, run, TrunklineError, writeAtomic } from '../../../lib/index.ts';
import { gpgCommand } from '../public-keys.ts';
import { signingFailed } from '../refusal.ts';
import { ensureAgent } from './agent.ts';
import { ownKeysSchema, type OwnKey } from './schema.ts';

export type { OwnKey } from './schema.ts';

/**
 * RSA, because rpm before 4.16 (EL 8's is 4.14, SUSE 15's too) knows no EdDSA and FIPS mode allows none; 3072 bits (gpg's own default, good for 128
 * bits of security) because a signature takes half the time of one with 4096: 18 ms instead of 35 on the machines used here.
 */
const ALGORITHM = 'rsa3072';

const listFile = (directory: string) => join(directory, 'keys.json');

/** The keys that Trunkline made, the newest first, retired ones included. @throws TrunklineError `signing_failed` for a damaged list. */
export async function listOwnKeys(directory: string): Promise<readonly OwnKey[]> {
  const path = listFile(directory);
  try {
    return ownKeysSchema.parse(JSON.parse(await readFile(path, 'utf8'))).keys;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    if (errnoOf(error) !== undefined) throw fileSystemError(error, path);
    throw signingFailed('The list of keys is damaged', path, 'restore it from a backup of data_dir', error);
  }
}

/** Fingerprints of the keys that clients shall trust, the one that signs first. @throws TrunklineError `signing_failed` when there is none. */
export async function usableOwnKeys(directory: string): Promise<string[]> {
  const keys = (await listOwnKeys(directory)).filter((key) => key.retiredAt === null);
  if (keys.length === 0)
    throw signingFailed(
      'There is no signing key yet',
      directory,
      'trunkline key rotate makes one; or remove signing from the configuration to publish unsigned',
    );
  return keys.map(({ fingerprint }) => fingerprint);
}

/**
 * Makes a key that signs from now on; earlier ones stay trusted until they are retired. The directory is made, for its owner only.
 * @throws TrunklineError `missing_tool`, `signing_failed`, `data_dir_unwritable`.
 */
export async function makeOwnKey(directory: string, userId: string, now: number): Promise<OwnKey> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileSystemError(error, directory);
  }
  const before = await listOwnKeys(directory);
  const key: OwnKey = { fingerprint: await generate(directory, userId), createdAt: now, retiredAt: null };
  await writeList(directory, [key, ...before]);
  return key;
}

/**
 * Takes a key out of what clients are told to trust. Its secret part stays in the directory.
 * @throws TrunklineError `not_found`, `invalid_argument` for the one that signs.
 */
export async function retireOwnKey(directory: string, fingerprint: string, now: number): Promise<OwnKey> {
  const keys = await listOwnKeys(directory);
  const key = keys.find((one) => one.fingerprint === fingerprint);
  if (key === undefined)
    throw new TrunklineError('not_found', `There is no key ${fingerprint}`, {
      where: directory,
      hint: 'trunkline key list shows them',
    });
  if (key.retiredAt !== null) return key;
  if (key === keys.find((one) => one.retiredAt === null))
    throw new TrunklineError('invalid_argument', `${fingerprint} is the key that signs`, {
      hint: 'make the next one first (trunkline key rotate), publish with both for a while, then retire this one',
    });
  const retired: OwnKey = { ...key, retiredAt: now };
  await writeList(
    directory,
    keys.map((one) => (one === key ? retired : one)),
  );
  return retired;
}

async function generate(directory: string, userId: string): Promise<string> {
  await ensureAgent(directory);
  const options = ['--quiet', '--yes', '--status-fd', '1', '--pinentry-mode', 'loopback', '--passphrase', ''];
  try {
    const { stdout } = await run(
      [...gpgCommand(directory), ...options, '--quick-generate-key', userId, ALGORITHM, 'sign', 'never'],
      { timeout: 120_000 },
    );
    const made = /^\[GNUPG:\] KEY_CREATED P ([0-9A-F]{40,64})$/m.exec(stdout)?.[1];
    if (made !== undefined) return made;
    throw signingFailed('gpg made no key', directory, 'see that gpg works: gpg --version');
  } catch (error) {
    if (!(error instanceof ProcessError) || error.code === 'missing_tool') throw error;
    throw signingFailed(`gpg cannot make a key: ${error.stderr.trim()}`, directory, 'see that gpg works', error);
  }
}

function writeList(directory: string, keys: readonly OwnKey[]): Promise<void> {
  return writeAtomic(listFile(directory), `${JSON.stringify({ version: 1, keys }, null, 2)}\n`, { mode: 0o600 });
}
