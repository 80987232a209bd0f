const secrets = new Set<string>();

/** Registers a secret so that `redact` hides it from logs, errors and mails. Strings under six characters are not registered. */
export function registerSecret(secret: string): void {
  if (secret.length >= 6) secrets.add(secret);
}

/**
 * `text` with every registered secret, the password of every URL in it, and whatever looks like a token of ours or an Authorization header, replaced
 * by `**redacted**`.
 */
export function redact(text: string): string {
  let clean = text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi, '$1:**redacted**@')
    .replace(/\btlw?_[0-9A-Za-z]{40,60}/g, '**redacted**')
    .replace(/(authorization\W{1,5}(?:basic|bearer)) +[^\s"']+/gi, '$1 **redacted**');
  for (const secret of secrets) clean = clean.replaceAll(secret, '**redacted**');
  return clean;
}
