import { run } from '../../../lib/index.ts';
import { gpgCommand, parseListing, readPublicKeys, type ListedKey } from '../public-keys.ts';
import { signingFailed } from '../refusal.ts';
import { ensureAgent } from './agent.ts';

/** The keys of a GnuPG home by fingerprint, in that order. @throws TrunklineError `signing_failed` when one is missing. */
export async function readKeys(home: string, fingerprints: readonly string[]): Promise<ListedKey[]> {
  const keys = await readPublicKeys(home, fingerprints);
  const missing = fingerprints.find((one) => !keys.some(({ fingerprint }) => fingerprint === one));
  if (missing === undefined) return keys;
  throw signingFailed(
    `There is no key ${missing}`,
    home,
    `see gpg --homedir ${home} --list-keys; import the key there or correct signing.key`,
  );
}

/** Which of `keys` can sign besides the first: neither expired nor revoked, and their secret part is here. */
export async function cosignersAmong(home: string, keys: readonly ListedKey[]): Promise<ListedKey[]> {
  const usable = keys.slice(1).filter((key) => !key.revoked && (key.expiresAt === null || key.expiresAt > Date.now()));
  if (usable.length === 0) return [];
  await ensureAgent(home);
  const names = usable.map(({ fingerprint }) => fingerprint);
  const { stdout } = await run(
    [...gpgCommand(home), '--quiet', '--with-colons', '--fixed-list-mode', '--list-secret-keys', '--', ...names],
    { okExitCodes: [0, 2] },
  );
  const secrets = new Set(parseListing(stdout).map(({ fingerprint }) => fingerprint));
  return usable.filter(({ fingerprint }) => secrets.has(fingerprint));
}
