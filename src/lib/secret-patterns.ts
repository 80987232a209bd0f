/**
 * What looks like a secret, whoever it is of. Group 1 stays, the rest of a match is hidden. No pattern crosses a line, none takes blanks by `\s` (which
 * half a character of UTF-8 may look like when bytes are read one by one), and every repetition has an end: a build prints what it likes, and must not
 * keep us busy.
 */
const PATTERNS: readonly RegExp[] = [
  // The password of an address: https://ada:secret@host.
  /(:\/\/[^ \t\r\n:@/]{0,300}:)[^ \t\r\n@/]{1,2000}(?=@)/g,
  // Tokens of ours; then GitHub's, GitLab's, Slack's, npm's, PyPI's, Standard Webhooks', age's, and JSON Web Tokens.
  /(\b)tlw?_[0-9A-Za-z]{40,60}/g,
  /(\b)(?:gh[opsur]_[0-9A-Za-z]{30,255}|github_pat_\w{20,255}|glpat-[\w-]{20,255}|xox[abeoprs]-[\w-]{10,255})/g,
  /(\b)(?:npm_[0-9A-Za-z]{30,80}|pypi-[\w-]{50,500}|whsec_[\w+/=-]{24,120}|AGE-SECRET-KEY-1[0-9A-Z]{50,70})/g,
  /((?<![\w-]))eyJ[\w-]{10,4000}\.eyJ[\w-]{5,4000}\.[\w-]{5,4000}/g,
  // Headers: Authorization: Basic …, "authorization":"Bearer …", Private-Token: …
  /((?:authorization|(?:private|job|auth|access|vault|deploy)-token|api-key)["']?[ \t]{0,3}[:=][ \t]{0,3}["']?(?:(?:aws4-hmac-sha256 credential=|basic|bearer|digest|negotiate|token|apikey)[ \t]{0,3})?)[^ \t\r\n"',;]{4,8000}/gi,
  /("(?:access_token|refresh_token|id_token|private_token|client_secret|api_key|password|secret)"[ \t]{0,3}:[ \t]{0,3}")[^"\r\n]{1,8000}/gi,
  // Environment and assignments: AWS_SECRET_ACCESS_KEY=…, export NPM_TOKEN="…", aws_secret_access_key = …
  /((?:SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS)(?:_[A-Z0-9_]{1,40})?=)(?:"[^"\r\n]{1,8000}|'[^'\r\n]{1,8000}|[^ \t\r\n"';]{1,8000})/g,
  /(\baws_(?:secret_access_key|session_token)["']?[ \t]{0,3}[:=][ \t]{0,3}["']?)[^ \t\r\n"']{4,8000}/gi,
  // Options and queries: --password …, ?access_token=…
  /(--(?:password|passwd|passphrase|token|secret|api-key)[ =]["']?)[^ \t\r\n"'-][^ \t\r\n"']{2,8000}/g,
  /([?&](?:access_token|private_token|job_token|token|api_?key|password|secret|signature|x-amz-signature)=)[^ \t\r\n"'&<>]{4,8000}/gi,
  // A private key on one line, as in JSON.
  /(-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)(?:[^\r\n-]|-(?!----)){1,20000}(?=-----END )/g,
];

/** Characters of the longest match. */
export const LONGEST_MATCH = 24_000;

/** A part of a text that a secret is found by. */
export interface Found {
  /** Where what it is known by begins, and where what is hidden begins and ends. */
  from: number;
  start: number;
  end: number;
}

/** Every place of a text that has a secret, in order; those that overlap are one. */
export function findSecrets(text: string, secrets: Iterable<string>): Found[] {
  const found: Found[] = [];
  for (const secret of secrets)
    for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length))
      found.push({ from: at, start: at, end: at + secret.length });
  for (const pattern of PATTERNS)
    for (const match of text.matchAll(pattern)) {
      const start = match.index + (match[1]?.length ?? 0);
      found.push({ from: match.index, start, end: match.index + match[0].length });
    }
  return merged(found.sort((a, b) => a.start - b.start));
}

function merged(found: readonly Found[]): Found[] {
  const all: Found[] = [];
  for (const one of found) {
    const last = all.at(-1);
    if (last === undefined || one.start >= last.end) all.push({ ...one });
    else {
      last.from = Math.min(last.from, one.from);
      last.end = Math.max(last.end, one.end);
    }
  }
  return all;
}
