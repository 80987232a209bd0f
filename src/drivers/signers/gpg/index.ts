import type { Signer } from '../../../model/index.ts';
import { publicPart, type ListedKey } from '../public-keys.ts';
import { refuseUnusable, signingFailed } from '../refusal.ts';
import { verifySignature } from '../verify.ts';
import { signWithAgent } from './agent-sign.ts';
import { cosignersAmong, readKeys } from './read-keys.ts';
import { signWithGpg } from './sign.ts';

export { listOwnKeys, makeOwnKey, retireOwnKey, usableOwnKeys, type OwnKey } from './own-keys.ts';

export interface GpgOptions {
  /** The GnuPG home with the keys. */
  home: string;
  /** Fingerprints of the keys that clients shall trust, the one that signs first. Asked each time, so that a rotation is heard of. */
  fingerprints: () => Promise<readonly string[]>;
  /** A file whose first line unlocks the keys; null for keys without a passphrase, or with one that the agent knows. */
  passphraseFile: string | null;
}

/** Milliseconds after which the keys are looked at again: somebody may have put off their expiry. */
const FRESH = 60_000;

/**
 * Signs with gpg. While several keys are trusted, clear-signed text (apt's InRelease) is signed by each whose secret part is here, so that a client
 * that was given only the older one goes on; other forms, of which clients read the first signature only, by the newest.
 */
export function createGpgSigner(options: GpgOptions): Signer {
  const { home, fingerprints, passphraseFile } = options;
  let known: { of: string; until: number; keys: ListedKey[]; cosigners?: ListedKey[] } | undefined;
  const keysNow = async () => {
    const names = await fingerprints();
    const of = names.join(' ');
    if (known?.of !== of || performance.now() >= known.until)
      known = { of, until: performance.now() + FRESH, keys: await readKeys(home, names) };
    return known;
  };
  return {
    name: 'gpg',
    publicKeys: async () => (await keysNow()).keys.map(publicPart),
    sign: async (content, form) => {
      const now = await keysNow();
      const [first] = now.keys;
      if (first === undefined) throw signingFailed('There is no key to sign with', home, 'name one as signing.key');
      try {
        refuseUnusable(first, home);
        if (form === 'clearsigned') now.cosigners ??= await cosignersAmong(home, now.keys);
        const signers = form === 'clearsigned' ? [first, ...(now.cosigners ?? [])] : [first];
        const users = signers.map(({ fingerprint }) => fingerprint);
        const plain = signers.length === 1 && passphraseFile === null;
        const made = plain ? await signWithAgent(home, first, content, form) : undefined;
        if (made !== undefined) return made;
        const signature = await signWithGpg({ ...options, users }, content, form);
        await verifySignature({ content, signature, form }, { keys: now.keys, by: first.fingerprint }, home);
        return signature;
      } catch (error) {
        known = undefined;
        throw error;
      }
    },
  };
}
