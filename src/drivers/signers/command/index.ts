import type { Signer } from '../../../model/index.ts';
import { publicPart, type ListedKey } from '../public-keys.ts';
import { refuseUnusable } from '../refusal.ts';
import { verifySignature } from '../verify.ts';
import { loadPublicKeys } from './load-keys.ts';
import { signWithCommand } from './sign.ts';

export interface CommandOptions {
  /** The program and its first arguments; `detached`, `armored` or `clearsigned` is added. */
  command: readonly [string, ...string[]];
  /** Absolute path of a file with the public keys that clients shall trust, armored or binary. */
  publicKeys: string;
}

/** Milliseconds after which the file of public keys is read again. */
const FRESH = 60_000;

/**
 * Has a program sign: the content on its standard input, the signature on its standard output. So the key can lie on another machine or in a
 * token. Its answer counts only when it is by one of the public keys.
 */
export function createCommandSigner(options: CommandOptions): Signer {
  let known: { until: number; keys: Promise<readonly ListedKey[]> } | undefined;
  const keysNow = () => {
    if (known === undefined || performance.now() >= known.until)
      known = { until: performance.now() + FRESH, keys: loadPublicKeys(options.publicKeys) };
    return known.keys;
  };
  const forget = (error: unknown): never => {
    known = undefined;
    throw error;
  };
  const refuseFirst = (key: ListedKey) => {
    try {
      refuseUnusable(key, options.publicKeys);
    } catch (error) {
      forget(error);
    }
  };
  return {
    name: 'command',
    publicKeys: async () => (await keysNow().catch(forget)).map(publicPart),
    sign: async (content, form) => {
      const keys = await keysNow().catch(forget);
      // What is published already is served though its key has expired; nothing is added to it.
      if (keys[0] !== undefined) refuseFirst(keys[0]);
      const signature = await signWithCommand(options.command, content, form);
      await verifySignature({ content, signature, form }, { keys }, options.command[0]).catch(forget);
      return signature;
    },
  };
}
