import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { dearmor } from '../../../lib/index.ts';

/** RFC 9580: version 4 signatures by RSA (algorithm 1) over SHA-256 (8), as gpg 2.2 makes them. */
const RSA = 1;
const SHA256 = 8;
const ISSUER_FINGERPRINT = 33;
const CREATION_TIME = 2;
const ISSUER = 16;
/** A packet of a type with a length of two bytes, in the old form that all readers know. */
const SIGNATURE_PACKET = 0x89;

/** What is signed, besides the content: a signature of type 0 (of a binary document) or 1 (of text). */
export interface SignatureStart {
  /** The part of the packet that is hashed. */
  hashed: Buffer;
  /** What comes after the content when it is hashed. */
  end: Buffer;
}

/** `time` is in seconds since the epoch. */
export function beginSignature(type: 0 | 1, fingerprint: string, time: number): SignatureStart {
  const subpackets = Buffer.concat([
    subpacket(ISSUER_FINGERPRINT, Buffer.concat([Buffer.from([4]), Buffer.from(fingerprint, 'hex')])),
    subpacket(CREATION_TIME, uint32(time)),
  ]);
  const hashed = Buffer.concat([Buffer.from([4, type, RSA, SHA256]), uint16(subpackets.length), subpackets]);
  return { hashed, end: Buffer.concat([hashed, Buffer.from([4, 0xff]), uint32(hashed.length)]) };
}

/** The whole packet; `digest` is what was signed, `value` the signature as RSA makes it. */
export function endSignature(start: SignatureStart, fingerprint: string, digest: Buffer, value: Buffer): Buffer {
  const unhashed = subpacket(ISSUER, Buffer.from(fingerprint, 'hex').subarray(-8));
  const body = Buffer.concat([
    start.hashed,
    uint16(unhashed.length),
    unhashed,
    digest.subarray(0, 2),
    multiprecision(value),
  ]);
  return Buffer.concat([Buffer.from([SIGNATURE_PACKET]), uint16(body.length), body]);
}

/** The primary key of an armored block, when it is a version 4 RSA key of that fingerprint; else undefined. */
export function rsaKeyOf(armored: string, fingerprint: string): KeyObject | undefined {
  const body = firstPacket(dearmor(armored)[0]?.content ?? Buffer.alloc(0));
  if (body?.[0] !== 4 || body[5] !== RSA) return undefined;
  const named = createHash('sha1')
    .update(Buffer.concat([Buffer.from([0x99]), uint16(body.length), body]))
    .digest('hex');
  if (named.toUpperCase() !== fingerprint) return undefined;
  const n = integerAt(body, 6);
  const e = integerAt(body, 6 + 2 + n.length);
  return createPublicKey({
    key: { kty: 'RSA', n: n.toString('base64url'), e: e.toString('base64url') },
    format: 'jwk',
  });
}

/** The body of the first packet, when it is a public key's. */
function firstPacket(block: Buffer): Buffer | undefined {
  const tag = block[0] ?? 0;
  if (tag === 0x98) return block.subarray(2, 2 + (block[1] ?? 0));
  if (tag === 0x99 && block.length > 3) return block.subarray(3, 3 + block.readUInt16BE(1));
  return undefined;
}

function integerAt(body: Buffer, at: number): Buffer {
  return body.subarray(at + 2, at + 2 + Math.ceil(body.readUInt16BE(at) / 8));
}

function multiprecision(value: Buffer): Buffer {
  const first = value.findIndex((byte) => byte !== 0);
  const digits = value.subarray(first === -1 ? value.length : first);
  const bits = digits.length === 0 ? 0 : digits.length * 8 - Math.clz32(digits[0] ?? 0) + 24;
  return Buffer.concat([uint16(bits), digits]);
}

function subpacket(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([content.length + 1, type]), content]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
