import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dearmor, lastLines, run } from '../../lib/index.ts';
import type { PublicKey, SignatureForm } from '../../model/index.ts';
import { signingFailed } from './refusal.ts';

export interface Signed {
  content: Uint8Array;
  signature: Uint8Array;
  form: SignatureForm;
}

/**
 * Has gpgv check a signature as a client would, with nothing but `keys`: every signature in it must be good and by one of them, one of them by
 * `by` where that is given. Signatures over SHA-1, which apt and rpm refuse, are refused. `where` says whose signature it is.
 * @throws TrunklineError `signing_failed`.
 */
export async function verifySignature(
  signed: Signed,
  trusted: { keys: readonly PublicKey[]; by?: string },
  where: string,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-gpgv-'));
  try {
    const blocks = trusted.keys.flatMap((key) => dearmor(key.armored)).map((block) => block.content);
    await writeFile(join(directory, 'keys.gpg'), Buffer.concat(blocks));
    await writeFile(join(directory, 'signature'), signed.signature);
    const answer = await askGpgv(directory, signed);
    const refusal = refusalOf(answer, signed, trusted);
    if (refusal === undefined) return;
    throw signingFailed(
      `The signature that was made is not good: ${refusal}`,
      where,
      'nothing was published with it; see that the key that signs is the one that clients are given',
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Answer {
  /** Lines of `--status-fd` without their prefix. */
  status: readonly string[];
  /** The text in a clear-signed message. */
  text: string;
  words: string;
}

async function askGpgv(directory: string, { content, form }: Signed): Promise<Answer> {
  const weak = ['SHA1', 'RIPEMD160'].flatMap((name) => ['--weak-digest', name]);
  const base = ['gpgv', '--homedir', directory, '--keyring', join(directory, 'keys.gpg'), ...weak, '--status-fd', '2'];
  const files =
    form === 'clearsigned'
      ? ['--output', '-', '--', join(directory, 'signature')]
      : ['--', join(directory, 'signature'), '-'];
  const { stdout, stderr } = await run([...base, ...files] as [string, ...string[]], {
    ...(form === 'clearsigned' ? {} : { input: content }),
    encoding: 'latin1',
    maxOutput: 2 * content.length + 1024 * 1024,
    okExitCodes: [0, 1, 2],
  });
  const prefix = '[GNUPG:] ';
  const lines = stderr.split('\n');
  return {
    status: lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length)),
    text: stdout,
    words: lastLines(lines.filter((line) => !line.startsWith(prefix)).join('\n'), 3).replaceAll('\n', '; '),
  };
}

/** Status words by which gpg says that a signature does not count. */
const BAD = ['BADSIG', 'ERRSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'NODATA', 'UNEXPECTED'];

function refusalOf(
  { status, text, words }: Answer,
  { content, signature, form }: Signed,
  { keys, by }: { keys: readonly PublicKey[]; by?: string },
): string | undefined {
  const bad = status.find((line) => BAD.includes(line.split(' ')[0] ?? ''));
  // The last word of VALIDSIG is the primary key's fingerprint.
  const signers = status.filter((line) => line.startsWith('VALIDSIG ')).map((line) => line.split(' ').at(-1) ?? '');
  const good = status.filter((line) => line.startsWith('GOODSIG ')).length;
  if (bad !== undefined || signers.length === 0 || good !== signers.length)
    return `gpgv says "${words === '' ? (bad ?? 'nothing') : words}"`;
  const stranger = signers.find((one) => !keys.some(({ fingerprint }) => fingerprint === one));
  if (stranger !== undefined) return `${stranger} made it, which clients are not told to trust`;
  if (by !== undefined && !signers.includes(by)) return `${signers.join(', ')} made it and not ${by}`;
  if (form !== 'clearsigned') return undefined;
  const whole = Buffer.from(signature).toString('latin1');
  if (!/^-----BEGIN PGP SIGNED MESSAGE-----\n[^]*\n-----END PGP SIGNATURE-----\n?$/.test(whole))
    return 'there is something before or after the signed text';
  return canonical(text) === canonical(Buffer.from(content).toString('latin1')) ? undefined : 'it is of another text';
}

/** Text as a clear signature covers it: blanks at the ends of lines do not count (RFC 9580, section 7). */
function canonical(text: string): string {
  return text.replaceAll(/[ \t\r]+$/gm, '').replace(/\n+$/, '');
}
