import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRedactor, redact, registerSecret } from '../../src/lib/index.ts';

const HIDDEN = '**redacted**';

function throughPieces(text: string | Buffer, size: () => number): string {
  const bytes = Buffer.from(text as string);
  const redactor = createRedactor();
  let shown = '';
  for (let at = 0; at < bytes.length;) {
    const length = Math.max(1, size());
    shown += redactor.push(bytes.subarray(at, at + length)).toString('latin1');
    at += length;
  }
  return Buffer.from(shown + redactor.end().toString('latin1'), 'latin1').toString('utf8');
}

const KEY = `-----BEGIN OPENSSH PRIVATE KEY-----
${'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n'.repeat(4)}AbC1
-----END OPENSSH PRIVATE KEY-----
`;

test('what looks like a secret is hidden, and what does not stays as it is', () => {
  const lines: [string, string][] = [
    ['+ AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG make', `+ AWS_SECRET_ACCESS_KEY=${HIDDEN} make`],
    ['aws_secret_access_key = wJalrXUtnFEMI', `aws_secret_access_key = ${HIDDEN}`],
    ["export NPM_TOKEN='a b c'", `export NPM_TOKEN=${HIDDEN}'`],
    ['> Authorization: token 0123456789abcdef', `> Authorization: token ${HIDDEN}`],
    [
      '> authorization: AWS4-HMAC-SHA256 Credential=AKIAXYZ/2026',
      `> authorization: AWS4-HMAC-SHA256 Credential=${HIDDEN}`,
    ],
    ['PRIVATE-TOKEN: abcdefgh', `PRIVATE-TOKEN: ${HIDDEN}`],
    ['cloning https://ada:s3cr%20et@git.example/x?y', `cloning https://ada:${HIDDEN}@git.example/x?y`],
    ['cloning https://ada:passwört@git.example', `cloning https://ada:${HIDDEN}@git.example`],
    [`ghp_${'a1B2'.repeat(9)}`, HIDDEN],
    ['GET /x?access_token=abcdef&page=2', `GET /x?access_token=${HIDDEN}&page=2`],
    ['curl --password hunter2secret', `curl --password ${HIDDEN}`],
    [
      '{"k":"-----BEGIN PRIVATE KEY-----\\nMIIEv\\n-----END PRIVATE KEY-----"}',
      `{"k":"-----BEGIN PRIVATE KEY-----${HIDDEN}-----END PRIVATE KEY-----"}`,
    ],
  ];
  for (const [text, clean] of lines) {
    expect(redact(text)).toBe(clean);
    expect(throughPieces(`${text}\n`, () => 7)).toBe(`${clean}\n`);
  }
  const harmless = [
    'checking for token... yes',
    'error: next_token: undeclared',
    'lex.c:12: TOKEN == 3',
    'git@host:path',
    'http://host:80/a@b',
    'password authentication is off',
    '==> SECRET_SANTA',
    'x-----BEGIN CERTIFICATE-----',
    'http://[::1]:80/',
    'dnf: to install: pypi-server',
  ];
  for (const text of harmless) expect(redact(text)).toBe(text);
});

test('a private key is hidden, with whatever a tool writes before its lines; what only names one hides nothing after it', () => {
  for (const before of ['', 'DEBUG util.py:445:  ', '| ']) {
    const text = `first\n${KEY}last\n`.replace(/^/gm, before);
    const clean = throughPieces(text, () => 5);
    expect(clean).not.toMatch(/b3Blb|AAAA/);
    expect(clean).toContain(`${before}first\n`);
    expect(clean).toContain('-----END OPENSSH PRIVATE KEY-----');
    expect(clean).toContain(`${before}last\n`);
    expect(redact(text)).toBe(clean);
  }
  const talk = 'grep: found -----BEGIN RSA PRIVATE KEY-----\nchecking for cc... cc\nall is well\n';
  expect(throughPieces(talk, () => 1000)).toBe(
    `grep: found -----BEGIN RSA PRIVATE KEY-----${HIDDEN}\nchecking for cc... cc\nall is well\n`,
  );
});

test('a registered secret is found wherever pieces are cut, in long lines too, and nothing else is changed', () => {
  const secret = `s3cret-${randomBytes(12).toString('hex')}-ümlaut`;
  registerSecret(secret);
  const noise = () => randomBytes(40_000).toString('base64url');
  const parts = Array.from({ length: 12 }, (_, n) => (n % 3 === 0 ? `${noise()}\n` : `${noise()} Ä `));
  const text = parts.join(secret);
  const clean = parts.join(HIDDEN);
  for (const size of [1000, 4096, 65_536, 1_000_000]) expect(throughPieces(text, () => size)).toBe(clean);
  expect(throughPieces(text, () => 1 + Math.trunc(Math.random() * 70_000))).toBe(clean);
  const bytes = randomBytes(300_000);
  const redactor = createRedactor();
  expect(Buffer.concat([redactor.push(bytes), redactor.end()]).equals(bytes)).toBe(true);
});

test('text that is made to keep it busy does not', () => {
  const repeated = [
    'a',
    'a-',
    '://',
    '://a:',
    'eyJ',
    'eyJaaaaaaaaaaa.',
    '-----BEGIN PRIVATE KEY-----',
    'SECRET',
    'SECRET=',
    '?token=',
    'authorization',
    'ghp_',
    'pypi-',
    ' \t',
    '"password":"',
    '--password ',
    '-----BEGIN PRIVATE KEY-----\n',
    'SECRET=?token=aaaa',
    'AGE-SECRET-KEY-1',
    'authorization:   ',
  ];
  for (const word of repeated) {
    const started = performance.now();
    throughPieces(word.repeat(Math.ceil(1_000_000 / word.length)), () => 65_536);
    // A machine that is busy takes its time; what is not linear takes hours.
    expect(performance.now() - started, word).toBeLessThan(20_000);
  }
}, 300_000);
