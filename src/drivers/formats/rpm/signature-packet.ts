/** RFC 9580: the algorithm RSA, and the subpackets that say whose a signature is. */
const RSA = 1;
const ISSUERS = [16, 33];
/** Version, type, algorithms, length of the hashed subpackets. */
const START_BYTES = 6;

/**
 * What is alike in the OpenPGP signatures that one key makes (digest algorithm, subpackets, issuer; neither time nor value), as text to compare.
 * Undefined unless `packet` is one signature packet of version 4 by RSA with a length of one or two bytes and nothing after it (RFC 9580, sections
 * 4.2.2 and 5.2.3).
 */
export function rsaSignatureKind(packet: Buffer): string | undefined {
  const body = bodyOf(packet);
  if (body === undefined || body.length < START_BYTES || body[0] !== 4 || body[2] !== RSA) return undefined;
  const hashed = blockAt(body, START_BYTES - 2);
  const unhashed = hashed && blockAt(body, hashed.end);
  // The digest's first two bytes, then the value, with its length in bits before it.
  const value = (unhashed?.end ?? 0) + 2;
  if (hashed === undefined || unhashed === undefined || value + 2 > body.length) return undefined;
  if (value + 2 + Math.ceil(body.readUInt16BE(value) / 8) !== body.length) return undefined;
  const [first, second] = [subpackets(hashed.content), subpackets(unhashed.content)];
  if (first === undefined || second === undefined) return undefined;
  return [String(body[1]), String(body[3]), first.join(' '), second.join(' ')].join('/');
}

function bodyOf(packet: Buffer): Buffer | undefined {
  const [tag, length] = packet;
  if (tag === 0x88 && length === packet.length - 2) return packet.subarray(2);
  if (tag === 0x89 && packet.length >= 3 && packet.readUInt16BE(1) === packet.length - 3) return packet.subarray(3);
  return undefined;
}

/** What comes after a length of two bytes. */
function blockAt(body: Buffer, at: number): { content: Buffer; end: number } | undefined {
  if (at + 2 > body.length) return undefined;
  const end = at + 2 + body.readUInt16BE(at);
  return end > body.length ? undefined : { content: body.subarray(at + 2, end), end };
}

/** The types, issuers with what they say; undefined where a length is not one byte's or goes too far. */
function subpackets(block: Buffer): string[] | undefined {
  const found: string[] = [];
  for (let at = 0; at < block.length;) {
    const length = block[at] ?? 0;
    const [start, end] = [at + 1, at + 1 + length];
    if (length === 0 || length >= 192 || end > block.length) return undefined;
    const type = block[start] ?? 0;
    found.push(`${type}${ISSUERS.includes(type) ? `=${block.toString('hex', start + 1, end)}` : ''}`);
    at = end;
  }
  return found;
}
