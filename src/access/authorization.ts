import { TrunklineError } from '../lib/index.ts';
import { looksLikeToken } from './token-text.ts';

/** What an Authorization header says. `user` beside a token: whose the sender says it is. */
export type Login =
  | { kind: 'none' }
  | { kind: 'token'; token: string; user: string | null }
  | { kind: 'password'; user: string; password: string };

/** Longer than any user, password and token together. */
const LONGEST = 4096;

/**
 * Reads an Authorization header: `Bearer TOKEN` (RFC 6750), or `Basic` (RFC 7617, UTF-8) with a user and a password or a token.
 * @throws TrunklineError `unauthorized` for anything else; nothing of the header is quoted
 */
export function readAuthorization(header: string | undefined): Login {
  if (header === undefined) return { kind: 'none' };
  const [, scheme = '', value = ''] =
    /^([A-Za-z]+) +([A-Za-z0-9._~+/-]+=*)\s*$/.exec(header.slice(0, LONGEST + 1)) ?? [];
  if (header.length > LONGEST) throw unreadable('is too long');
  if (/^bearer$/i.test(scheme)) return { kind: 'token', token: value, user: null };
  if (!/^basic$/i.test(scheme)) throw unreadable('is neither Basic nor Bearer');
  const [, user, secret] = /^([^:]*):(.*)$/s.exec(utf8(value)) ?? [];
  if (user === undefined || secret === undefined) throw unreadable('has no user and password');
  return looksLikeToken(secret) ? { kind: 'token', token: secret, user } : { kind: 'password', user, password: secret };
}

function utf8(base64: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    throw unreadable('is not in UTF-8');
  }
}

function unreadable(what: string): TrunklineError {
  return new TrunklineError('unauthorized', `The Authorization header ${what}`, {
    hint: 'send HTTP Basic with a user and a password or token, or Bearer with a token',
  });
}
