import { open } from 'node:fs/promises';
import { invalidPackage } from '../confined-reading.ts';

/**
 * Where the parts of an RPM file are (rpm's docs/manual/format_v4.md): a lead of 96 bytes, the signature header, padded to 8 bytes, the main header,
 * the payload. Only lengths are read here, on this side of the jail, and each is checked before it is used.
 */
export interface RpmHead {
  /** Lead and signature header with its padding: everything before the main header. */
  front: Buffer;
  /** The main header with its magic: exactly what a header signature is over. */
  header: Buffer;
  /** Whether the header holds a digest of the payload; rpm signs header and payload together where it does not (rpm before 4.14 made such). */
  payloadDigest: boolean;
  /** Whether somebody has signed it. */
  signed: boolean;
  /** Bytes of the whole file. */
  size: number;
}

export const LEAD_BYTES = 96;
const LEAD_MAGIC = 0xedabeedb;
const HEADER_MAGIC = 0x8eade801;
/** What comes before a header's index: magic, reserved, number of entries, bytes of data. */
const INTRO_BYTES = 16;
const ENTRY_BYTES = 16;
/** The limits of rpm itself (lib/header.c, lib/header_internal.h). */
const SIGNATURE_LIMITS = { entries: 32, data: 64 * 1024 ** 2 };
const HEADER_LIMITS = { entries: 0xffff, data: 0x0fffffff };
/** RPMTAG_PAYLOADSHA256 and RPMTAG_PAYLOADSHA256ALT. */
const PAYLOAD_DIGEST_TAGS = [5092, 5097];
/** RPMSIGTAG_DSA, RSA, OPENPGP, PGP, GPG. */
const SIGNATURE_TAGS = [267, 268, 278, 1002, 1005];

interface Limits {
  entries: number;
  data: number;
}

/** Reads the lengths of a file. @throws TrunklineError `package_invalid` when they contradict the file or rpm's limits. */
export async function readHead(path: string): Promise<RpmHead> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const read = async (at: number, length: number) => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, at);
      return buffer.subarray(0, bytesRead);
    };
    return await headOf({ path, size, read });
  } finally {
    await handle.close();
  }
}

/** What `readHead` answers, of an RPM in memory; `path` names it in errors. */
export function readHeadOf(path: string, bytes: Buffer): Promise<RpmHead> {
  const read = (at: number, length: number) => Promise.resolve(bytes.subarray(at, at + length));
  return headOf({ path, size: bytes.length, read });
}

async function headOf(source: Source): Promise<RpmHead> {
  const lead = await readAt(source, 0, LEAD_BYTES);
  if (lead.readUInt32BE(0) !== LEAD_MAGIC) throw invalidPackage(source, 'it does not begin as an RPM does');
  const signature = await headerLength(source, LEAD_BYTES, SIGNATURE_LIMITS);
  const start = LEAD_BYTES + Math.ceil(signature / 8) * 8;
  const length = await headerLength(source, start, HEADER_LIMITS);
  const [front, header] = [await readAt(source, 0, start), await readAt(source, start, length)];
  const payloadDigest = PAYLOAD_DIGEST_TAGS.some((tag) => hasTag(header, tag));
  const signed = SIGNATURE_TAGS.some((tag) => hasTag(front.subarray(LEAD_BYTES), tag));
  return { front, header, payloadDigest, signed, size: source.size };
}

interface Source {
  path: string;
  size: number;
  /** Up to `length` bytes from `at`. */
  read(at: number, length: number): Promise<Buffer>;
}

async function headerLength(source: Source, at: number, limits: Limits): Promise<number> {
  const intro = await readAt(source, at, INTRO_BYTES);
  const [entries, data] = [intro.readUInt32BE(8), intro.readUInt32BE(12)];
  if (intro.readUInt32BE(0) !== HEADER_MAGIC)
    throw invalidPackage(source, `there is no header at byte ${at}, where its lengths say that one is`);
  if (entries === 0 || entries > limits.entries || data > limits.data)
    throw invalidPackage(
      source,
      `its header at byte ${at} says that it has ${entries} entries and ${data} bytes of data`,
    );
  return INTRO_BYTES + entries * ENTRY_BYTES + data;
}

async function readAt(source: Source, at: number, length: number): Promise<Buffer> {
  if (at + length > source.size)
    throw invalidPackage(
      source,
      `it has ${source.size} bytes, and its lengths say that it goes on to byte ${at + length}`,
    );
  const bytes = await source.read(at, length);
  if (bytes.length !== length) throw invalidPackage(source, 'it became shorter while it was read');
  return bytes;
}

function hasTag(header: Buffer, tag: number): boolean {
  const entries = header.readUInt32BE(8);
  for (let n = 0; n < entries; n++) if (header.readUInt32BE(INTRO_BYTES + n * ENTRY_BYTES) === tag) return true;
  return false;
}
