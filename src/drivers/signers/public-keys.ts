import { run } from '../../lib/index.ts';
import type { PublicKey } from '../../model/index.ts';

/** A public key as gpg lists it. */
export interface ListedKey extends PublicKey {
  revoked: boolean;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Its first user id. */
  userId: string;
  /** By what name gpg-agent knows the secret part that signs; null unless it is the primary key itself and nothing else of it can sign. */
  keygrip: string | null;
}

/** What others than the signer get to know of a key. */
export function publicPart({ fingerprint, armored, expiresAt }: PublicKey): PublicKey {
  return { fingerprint, armored, expiresAt };
}

/** What every call of gpg has: no questions, no daemon that outlives it, no network. */
export function gpgCommand(home: string): [string, ...string[]] {
  return ['gpg', '--homedir', home, '--batch', '--no-tty', '--no-autostart', '--disable-dirmngr'];
}

/**
 * The public keys in a GnuPG home, in the order of `fingerprints`; those it does not have are left out. All keys when it is null.
 * @throws ProcessError when gpg fails.
 */
export async function readPublicKeys(home: string, fingerprints: readonly string[] | null): Promise<ListedKey[]> {
  const names = fingerprints ?? [];
  const { stdout } = await run(
    [
      ...gpgCommand(home),
      '--quiet',
      '--with-colons',
      '--fixed-list-mode',
      '--with-keygrip',
      '--list-keys',
      '--',
      ...names,
    ],
    { okExitCodes: [0, 2] },
  );
  const listed = parseListing(stdout);
  const wanted =
    fingerprints === null
      ? listed
      : fingerprints.flatMap((one) => listed.find(({ fingerprint }) => fingerprint === one) ?? []);
  return Promise.all(wanted.map(async (key) => ({ ...key, armored: await exportKey(home, key.fingerprint) })));
}

async function exportKey(home: string, fingerprint: string): Promise<string> {
  const options = ['--quiet', '--armor', '--no-emit-version', '--no-comments', '--export-options', 'export-minimal'];
  const { stdout } = await run([...gpgCommand(home), ...options, '--export', '--', fingerprint]);
  return stdout;
}

/** Reads `gpg --with-colons` (doc/DETAILS of GnuPG): a `pub` or `sec` record, then its `fpr`, its `grp`, its `uid`s and its subkeys. */
export function parseListing(text: string): Omit<ListedKey, 'armored'>[] {
  const keys: Omit<ListedKey, 'armored'>[] = [];
  let fields: readonly string[] | null = null;
  let of = { primary: true, signs: false };
  for (const line of text.split('\n')) {
    const record = line.split(':');
    if (record[0] === 'pub' || record[0] === 'sec') fields = record;
    const last = keys.at(-1);
    if (record[0] === 'uid' && last?.userId === '') last.userId = record[9] ?? '';
    const signs = (record[11] ?? '').includes('s');
    if (record[0] === 'pub' || record[0] === 'sub') of = { primary: record[0] === 'pub', signs };
    if (record[0] === 'grp' && last !== undefined && of.primary && of.signs) last.keygrip = record[9] ?? null;
    if (record[0] === 'sub' && signs && last !== undefined) last.keygrip = null;
    if (record[0] !== 'fpr' || fields === null) continue;
    keys.push({
      fingerprint: record[9] ?? '',
      revoked: fields[1] === 'r',
      createdAt: Number(fields[5]) * 1000,
      expiresAt: fields[6] === '' || fields[6] === undefined ? null : Number(fields[6]) * 1000,
      userId: '',
      keygrip: null,
    });
    fields = null;
  }
  return keys;
}
