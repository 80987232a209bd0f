import { createHash, verify } from 'node:crypto';
import { armor } from '../../../lib/index.ts';
import type { SignatureForm } from '../../../model/index.ts';
import type { ListedKey } from '../public-keys.ts';
import { agentSocket } from './agent.ts';
import { talkToAgent } from './assuan.ts';
import { beginSignature, endSignature, rsaKeyOf } from './openpgp.ts';

const HEAD = '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n';

/**
 * What gpg would make of `content`, without it: gpg-agent signs, and the packet around that is put together here, which takes a fifth of the time of
 * starting gpg and gpgv. The signature is checked against the key that clients are given. Undefined for whatever is out of the ordinary (a key that
 * is not a single RSA key, a passphrase, text that is not plain lines): gpg itself does that, and says what is wrong.
 */
export async function signWithAgent(
  home: string,
  key: ListedKey,
  content: Uint8Array,
  form: SignatureForm,
): Promise<Uint8Array | undefined> {
  const publicKey = key.keygrip === null ? undefined : rsaKeyOf(key.armored, key.fingerprint);
  const text = form === 'clearsigned' ? plainLines(content) : undefined;
  if (publicKey === undefined || (form === 'clearsigned' && text === undefined)) return undefined;
  const start = beginSignature(text === undefined ? 0 : 1, key.fingerprint, Math.trunc(Date.now() / 1000));
  const signed = Buffer.concat([text === undefined ? content : Buffer.from(text.join('\r\n')), start.end]);
  const digest = createHash('sha256').update(signed).digest();
  try {
    const value = await askAgent(await agentSocket(home), key.keygrip ?? '', digest);
    if (!verify('sha256', signed, publicKey, padded(value, publicKey.asymmetricKeyDetails?.modulusLength ?? 0)))
      return undefined;
    const packet = endSignature(start, key.fingerprint, digest, value);
    if (form === 'detached') return packet;
    const armored = armor('SIGNATURE', packet);
    if (text === undefined) return Buffer.from(armored);
    const escaped = text.map((line) => (line.startsWith('-') ? `- ${line}` : line));
    return Buffer.from(`${HEAD}${escaped.join('\n')}\n${armored}`);
  } catch {
    return undefined;
  }
}

async function askAgent(socket: string, keygrip: string, digest: Buffer): Promise<Buffer> {
  const agent = await talkToAgent(socket);
  try {
    // Instead of a window on somebody's screen: what it asks for is refused.
    await agent.ask('OPTION pinentry-mode=loopback');
    await agent.ask(`SIGKEY ${keygrip}`);
    await agent.ask(`SETHASH --hash=sha256 ${digest.toString('hex').toUpperCase()}`);
    return rsaValue(await agent.ask('PKSIGN'));
  } finally {
    agent.close();
  }
}

/** The number in `(7:sig-val(3:rsa(1:s384:…)))`. */
function rsaValue(expression: Buffer): Buffer {
  const [whole = '', length = ''] = /^\(7:sig-val\(3:rsa\(1:s([0-9]+):/.exec(expression.toString('latin1')) ?? [];
  const value = expression.subarray(whole.length, whole.length + Number(length));
  if (whole === '' || value.length !== Number(length)) throw new Error('gpg-agent made no RSA signature');
  return value;
}

/** RSA's signatures are as long as its modulus; the agent leaves zeros at the beginning out. */
function padded(value: Buffer, bits: number): Buffer {
  const size = Math.ceil(bits / 8);
  return value.length >= size
    ? value.subarray(value.length - size)
    : Buffer.concat([Buffer.alloc(size - value.length), value]);
}

/** The lines of a text in which nothing has to be made canonical first; undefined for any other. */
function plainLines(content: Uint8Array): string[] | undefined {
  const text = Buffer.from(content).toString('latin1');
  if (!text.endsWith('\n') || text.endsWith('\n\n') || /[\r\0]|[ \t]\n|[\x80-\xff]/.test(text)) return undefined;
  return text.slice(0, -1).split('\n');
}
