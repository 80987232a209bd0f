/** OpenPGP's ASCII armor (RFC 9580, section 6), as gpg, gpgv, rpm and apt write and read it. */

const BLOCK =
  /^-----BEGIN PGP ([A-Z ]+)-----[ \t]*\r?\n((?:[A-Za-z-]+: .*\r?\n)*[ \t]*\r?\n)?([A-Za-z0-9+/=\s]*?)^-----END PGP \1-----/gm;
const LINE = 64;

export interface ArmoredBlock {
  /** `PUBLIC KEY BLOCK`, `SIGNATURE`… */
  kind: string;
  content: Buffer;
}

/** The blocks of armored text in their order; text around them is left out. Checksums are not looked at: what matters is signed. */
export function dearmor(text: string): ArmoredBlock[] {
  return [...text.matchAll(BLOCK)].map(([, kind = '', , body = '']) => {
    const lines = body.split(/\r?\n/).filter((line) => !line.startsWith('='));
    return { kind, content: Buffer.from(lines.join(''), 'base64') };
  });
}

/** `content` as one armored block with the checksum that rpm before 4.19 insists on; ends in a newline. */
export function armor(kind: string, content: Uint8Array): string {
  const lines =
    Buffer.from(content)
      .toString('base64')
      .match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return [`-----BEGIN PGP ${kind}-----`, '', ...lines, `=${checksum(content)}`, `-----END PGP ${kind}-----`, ''].join(
    '\n',
  );
}

/**
 * Several armored public keys as one block. apt 2.6 reads the first block of a key file and no further; rpm, dnf and zypper take all keys of a block.
 */
export function joinKeys(armored: readonly string[]): string {
  const blocks = armored.flatMap(dearmor).filter(({ kind }) => kind === 'PUBLIC KEY BLOCK');
  return armor('PUBLIC KEY BLOCK', Buffer.concat(blocks.map(({ content }) => content)));
}

/** CRC-24 of RFC 9580, section 6.1.1, in base64. */
function checksum(content: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of content) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if (crc & 0x1000000) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([(crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff]).toString('base64');
}
