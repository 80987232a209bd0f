import { hidePrivateKeys } from './private-keys.ts';
import { findSecrets, type Found } from './secret-patterns.ts';

/** What stands in the place of a secret. */
export const REDACTED = '**redacted**';

const secrets = new Set<string>();

/** Registers a secret so that `redact` hides it from logs, errors and mails. Strings under six characters are not registered. */
export function registerSecret(secret: string): void {
  if (secret.length >= 6) secrets.add(secret);
}

export function registeredSecrets(): ReadonlySet<string> {
  return secrets;
}

/**
 * `text` with every registered secret, and whatever looks like one (passwords in addresses, tokens, Authorization headers, `…SECRET…=`, private keys),
 * replaced by `**redacted**`.
 */
export function redact(text: string): string {
  return hidePrivateKeys(hide(text, findSecrets(text, secrets)), { inside: 0 });
}

/** `text` without what was found in it. */
export function hide(text: string, found: readonly Found[]): string {
  if (found.length === 0) return text;
  let clean = '';
  let at = 0;
  for (const { start, end } of found) {
    clean += `${text.slice(at, start)}${REDACTED}`;
    at = end;
  }
  return clean + text.slice(at);
}
