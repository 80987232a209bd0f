/** What stands in a stream of pkt-lines besides lines: the end of a part, and what separates a command from its arguments (gitprotocol-common(5), gitprotocol-v2(5)). */
export const FLUSH = Symbol('flush');
export const DELIMITER = Symbol('delimiter');
export type Packet = string | typeof FLUSH | typeof DELIMITER;

/** A longer one is not allowed. */
const LONGEST = 65_520;

/** The packets in an answer, lines without their line feed; null where it is not made of pkt-lines from its first byte to its last. */
export function parsePackets(answer: Buffer): Packet[] | null {
  const packets: Packet[] = [];
  for (let at = 0; at < answer.length;) {
    const head = answer.toString('latin1', at, at + 4);
    if (!/^[0-9a-f]{4}$/i.test(head)) return null;
    const length = Number.parseInt(head, 16);
    if (length < 4) {
      if (length > 1) return null;
      packets.push(length === 0 ? FLUSH : DELIMITER);
      at += 4;
      continue;
    }
    if (length > LONGEST || at + length > answer.length) return null;
    packets.push(answer.toString('utf8', at + 4, at + length).replace(/\n$/, ''));
    at += length;
  }
  return packets;
}

export function writePackets(packets: readonly Packet[]): Buffer {
  return Buffer.concat(
    packets.map((packet) => {
      if (packet === FLUSH) return Buffer.from('0000');
      if (packet === DELIMITER) return Buffer.from('0001');
      const line = Buffer.from(`${packet}\n`);
      return Buffer.concat([Buffer.from((line.length + 4).toString(16).padStart(4, '0')), line]);
    }),
  );
}
