import { LEAD_BYTES, type RpmHead } from './read-head.ts';
import { rsaSignatureKind } from './signature-packet.ts';

const MAGIC = 0x8eade801;
const INTRO_BYTES = 16;
const ENTRY_BYTES = 16;
/** RPMTAG_HEADERSIGNATURES and HEADERIMMUTABLE: what a header of rpm 4 begins with. */
const SIGNATURE_REGION = 62;
const MAIN_REGION = 63;
/** No package that is not made for it comes near (rpm itself allows 32 entries and 64 MB). */
const MAX_ENTRIES = 32;
const MAX_DATA = 1024 ** 2;

const RSA = 268;
const RESERVED_SPACE = 1008;
const INT32 = 4;
const INT64 = 5;
const STRING = 6;
const BIN = 7;
/** The types and counts of what rpm writes into a signature header (lib/signature.c, sign/rpmgensig.c); a count of null is any. */
const KNOWN: ReadonlyMap<number, { type: number; count: number | null }> = new Map([
  // DSA, RSA; PGP and GPG, which are over header and payload.
  ...[267, RSA, 1002, 1005].map((tag) => [tag, { type: BIN, count: null }] as const),
  // SHA1, SHA256.
  ...[269, 273].map((tag) => [tag, { type: STRING, count: 1 }] as const),
  // LONGSIZE, LONGARCHIVESIZE.
  ...[270, 271].map((tag) => [tag, { type: INT64, count: 1 }] as const),
  // SIZE, PAYLOADSIZE.
  ...[1000, 1007].map((tag) => [tag, { type: INT32, count: 1 }] as const),
  // MD5.
  [1004, { type: BIN, count: 16 }],
  [RESERVED_SPACE, { type: BIN, count: null }],
]);
const SIGNATURES = [267, RSA, 1002, 1005];

interface Entry {
  tag: number;
  type: number;
  count: number;
  data: Buffer;
}

/** A front with a signature in it; `kind` is what `rsaSignatureKind` says of the signature. */
export interface SignedFront {
  front: Buffer;
  kind: string;
}

/**
 * The front of a package with `signature`, which is over its main header, in the place of all that it had: byte for byte what `rpmsign --delsign` and
 * then `--resign` of rpm 4.18 leave (sign/rpmgensig.c rpmSign, lib/header.c doExport). Undefined for every package and signature that is out of the
 * ordinary, and is rpmsign's business: tags that are not known, entries that are not where rpm writes them, a header without region, no digest of the
 * payload, a signature that is not one by RSA.
 */
export function signedFront(head: RpmHead, signature: Uint8Array): SignedFront | undefined {
  const data = Buffer.from(signature);
  const kind = rsaSignatureKind(data);
  if (kind === undefined || !head.payloadDigest || !hasRegion(head.header)) return undefined;
  const before = entriesOf(head.front)?.filter(({ tag }) => !SIGNATURES.includes(tag));
  if (before === undefined) return undefined;
  const added = { tag: RSA, type: BIN, count: data.length, data };
  const after = [...before, added].sort((a, b) => a.tag - b.tag);
  const more = dataBytes(after) + ENTRY_BYTES - dataBytes(before);
  const entries = after.map((entry) => (entry.tag === RESERVED_SPACE ? shorter(entry, more) : entry));
  return { front: Buffer.concat([head.front.subarray(0, LEAD_BYTES), headerOf(entries)]), kind };
}

/** rpm makes room for a signature out of what is reserved, as long as something is left of that. */
function shorter(entry: Entry, by: number): Entry {
  if (by >= entry.count) return entry;
  return { ...entry, count: entry.count - by, data: entry.data.subarray(0, entry.count - by) };
}

function hasRegion(header: Buffer): boolean {
  if (header.length < INTRO_BYTES + ENTRY_BYTES) return false;
  const at = INTRO_BYTES;
  return header.readUInt32BE(at) === MAIN_REGION && header.readUInt32BE(at + 4) === BIN;
}

/** The entries of the signature header behind its region, when they are all known and lie as rpm lays them; each length is checked before its use. */
function entriesOf(front: Buffer): Entry[] | undefined {
  const header = front.subarray(LEAD_BYTES);
  if (header.length < INTRO_BYTES || header.readUInt32BE(0) !== MAGIC || header.readUInt32BE(4) !== 0) return undefined;
  const [count, size] = [header.readUInt32BE(8), header.readUInt32BE(12)];
  if (count < 1 || count > MAX_ENTRIES || size < ENTRY_BYTES || size > MAX_DATA) return undefined;
  const start = INTRO_BYTES + count * ENTRY_BYTES;
  if (aligned(start + size, 8) !== header.length) return undefined;
  const trailer = start + size - ENTRY_BYTES;
  const region = Buffer.concat([regionEntry(size - ENTRY_BYTES), regionEntry(-count * ENTRY_BYTES)]);
  const found = [
    header.subarray(INTRO_BYTES, INTRO_BYTES + ENTRY_BYTES),
    header.subarray(trailer, trailer + ENTRY_BYTES),
  ];
  if (!Buffer.concat(found).equals(region)) return undefined;
  return entriesIn(header.subarray(INTRO_BYTES + ENTRY_BYTES, start), header.subarray(start, trailer));
}

function entriesIn(index: Buffer, data: Buffer): Entry[] | undefined {
  const entries: Entry[] = [];
  let end = 0;
  for (let at = 0; at < index.length; at += ENTRY_BYTES) {
    const [tag, type] = [index.readUInt32BE(at), index.readUInt32BE(at + 4)];
    const [offset, count] = [index.readUInt32BE(at + 8), index.readUInt32BE(at + 12)];
    const known = KNOWN.get(tag);
    if (known?.type !== type || count !== (known.count ?? count) || tag <= (entries.at(-1)?.tag ?? 0)) return undefined;
    if (count === 0 || offset !== aligned(end, alignment(type)) || offset >= data.length) return undefined;
    const length = type === STRING ? data.indexOf(0, offset) + 1 - offset : count * elementBytes(type);
    if (length <= 0 || offset + length > data.length) return undefined;
    end = offset + length;
    entries.push({ tag, type, count, data: data.subarray(offset, end) });
  }
  return end === data.length ? entries : undefined;
}

/** A header of these entries, which are in the order of their tags, with its region around them and padded to 8 bytes. */
function headerOf(entries: readonly Entry[]): Buffer {
  const count = entries.length + 1;
  const start = INTRO_BYTES + count * ENTRY_BYTES;
  const size = dataBytes(entries) + ENTRY_BYTES;
  const header = Buffer.alloc(aligned(start + size, 8));
  [MAGIC, 0, count, size].forEach((word, n) => header.writeUInt32BE(word, 4 * n));
  regionEntry(size - ENTRY_BYTES).copy(header, INTRO_BYTES);
  let end = 0;
  for (const [n, { tag, type, count: items, data }] of entries.entries()) {
    const offset = aligned(end, alignment(type));
    [tag, type, offset, items].forEach((word, part) =>
      header.writeUInt32BE(word, INTRO_BYTES + (n + 1) * ENTRY_BYTES + 4 * part),
    );
    data.copy(header, start + offset);
    end = offset + data.length;
  }
  regionEntry(-count * ENTRY_BYTES).copy(header, start + end);
  return header;
}

function regionEntry(offset: number): Buffer {
  const entry = Buffer.alloc(ENTRY_BYTES);
  [SIGNATURE_REGION, BIN, offset, ENTRY_BYTES].forEach((word, n) => entry.writeInt32BE(word, 4 * n));
  return entry;
}

function dataBytes(entries: readonly Entry[]): number {
  return entries.reduce((end, { type, data }) => aligned(end, alignment(type)) + data.length, 0);
}

function alignment(type: number): number {
  return type === STRING ? 1 : elementBytes(type);
}

/** Of one of the known types, besides strings. */
function elementBytes(type: number): number {
  if (type === INT32) return 4;
  return type === INT64 ? 8 : 1;
}

function aligned(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}
