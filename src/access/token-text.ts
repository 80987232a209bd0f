import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** `tl_` for users, `tlw_` for workers. */
const PREFIXES = { user: 'tl_', worker: 'tlw_' } as const;
export type TokenKind = keyof typeof PREFIXES;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Digits that 256 bits take, and those of a CRC-32, in base 62. */
const SECRET = 43;
const CHECKSUM = 6;

/** A new token: its prefix, 256 random bits, and a CRC-32 of both, so that a scanner for leaked secrets takes nothing else for one. */
export function makeToken(kind: TokenKind): string {
  const body = `${PREFIXES[kind]}${base62(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET)}`;
  return `${body}${checksum(body)}`;
}

/** Which kind of token this may be, by its looks; undefined when nobody was ever given it. */
export function tokenKind(text: string): TokenKind | undefined {
  const [, body, prefix, sum] = /^((tlw?_)[0-9A-Za-z]{43})([0-9A-Za-z]{6})$/.exec(text) ?? [];
  if (body === undefined || checksum(body) !== sum) return undefined;
  return prefix === PREFIXES.worker ? 'worker' : 'user';
}

/** Whether this was meant to be a token. */
export function looksLikeToken(text: string): boolean {
  return /^tlw?_/.test(text);
}

function checksum(body: string): string {
  return base62(BigInt(crc32(body)), CHECKSUM);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = `${DIGITS.charAt(Number(rest % 62n))}${text}`;
  return text.padStart(length, '0');
}
