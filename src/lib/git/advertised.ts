import type { AdvertisedRef } from './tips.ts';
import { DELIMITER, FLUSH, parsePackets, writePackets } from './pkt-lines.ts';

/** What a server says first: that it speaks protocol 2, or, in the protocols before, what it has. */
export type Advertisement = { version: 2 } | { version: 0; refs: AdvertisedRef[] };

const NO_OBJECT = '0'.repeat(40);

/** The question for branches, tags and HEAD, and what annotated tags lead to (gitprotocol-v2(5), ls-refs). */
export const LS_REFS = writePackets([
  'command=ls-refs',
  'agent=trunkline',
  'object-format=sha1',
  DELIMITER,
  'peel',
  ...['HEAD', 'refs/heads/', 'refs/tags/'].map((prefix) => `ref-prefix ${prefix}`),
  FLUSH,
]);

/** Reads the answer to `info/refs?service=git-upload-pack` (gitprotocol-http(5)); null where it is anything but SHA-1 references or protocol 2. */
export function parseAdvertisement(answer: Buffer): Advertisement | null {
  const packets = parsePackets(answer);
  if (packets?.at(-1) !== FLUSH) return null;
  const begun = packets[0] === '# service=git-upload-pack' && packets[1] === FLUSH ? packets.slice(2) : packets;
  const lines = begun.slice(0, -1);
  if (lines[0] === 'version 2') {
    const format = lines.find((line) => typeof line === 'string' && line.startsWith('object-format='));
    const knows = lines.some((line) => typeof line === 'string' && /^ls-refs(=|$)/.test(line));
    return knows && (format === undefined || format === 'object-format=sha1') ? { version: 2 } : null;
  }
  const refs: AdvertisedRef[] = [];
  for (const line of lines[0] === 'version 1' ? lines.slice(1) : lines) {
    if (typeof line !== 'string') return null;
    if (/^shallow [0-9a-f]{40}$/.test(line)) continue;
    const ref = parseRef((line.split('\0')[0] ?? '').split(' '));
    if (ref === null) return null;
    // How a repository without any reference says what it can.
    if (ref.object !== NO_OBJECT) refs.push(ref);
  }
  return { version: 0, refs };
}

/** Reads the answer to `LS_REFS`; null where it is none. */
export function parseRefs(answer: Buffer): AdvertisedRef[] | null {
  const packets = parsePackets(answer);
  if (packets?.at(-1) !== FLUSH) return null;
  const refs: AdvertisedRef[] = [];
  for (const line of packets.slice(0, -1)) {
    if (typeof line !== 'string') return null;
    const [object = '', name = '', ...attributes] = line.split(' ');
    const ref = parseRef([object, name]);
    if (ref === null) return null;
    refs.push(ref);
    const peeled = attributes.find((one) => one.startsWith('peeled:'));
    if (peeled === undefined) continue;
    const leadsTo = parseRef([peeled.slice('peeled:'.length), `${name}^{}`]);
    if (leadsTo === null) return null;
    refs.push(leadsTo);
  }
  return refs;
}

function parseRef([object = '', name = '', ...more]: readonly string[]): AdvertisedRef | null {
  const fits = /^[0-9a-f]{40}$/.test(object) && /^[^\p{Cc} ]+$/u.test(name) && more.length === 0;
  return fits ? { object, name } : null;
}
