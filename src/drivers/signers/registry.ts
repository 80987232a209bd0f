import type { Signer, SigningSettings } from '../../model/index.ts';
import { createCommandSigner } from './command/index.ts';
import { createGpgSigner, usableOwnKeys } from './gpg/index.ts';

export { readFingerprints } from './fingerprints.ts';
export { verifySignature } from './verify.ts';

/** The signer that the configuration asks for; null publishes unsigned. Starts nothing and reads nothing yet. */
export function createSigner(settings: SigningSettings | null): Signer | null {
  if (settings === null) return null;
  switch (settings.kind) {
    case 'own': {
      const { directory } = settings;
      return createGpgSigner({ home: directory, fingerprints: () => usableOwnKeys(directory), passphraseFile: null });
    }
    case 'gpg': {
      const { home, keys, passphraseFile } = settings;
      return createGpgSigner({ home, fingerprints: () => Promise.resolve(keys), passphraseFile });
    }
    case 'command':
      return createCommandSigner(settings);
  }
}
