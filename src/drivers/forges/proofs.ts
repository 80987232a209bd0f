import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Whether a hexadecimal HMAC-SHA256 of a body is one that some secret gives. Every secret is tried, in constant time. */
export function hasHexSignature(body: Buffer, signature: string, secrets: readonly string[]): boolean {
  if (!/^[0-9a-f]{64}$/i.test(signature)) return false;
  const given = Buffer.from(signature, 'hex');
  return any(secrets.map((secret) => timingSafeEqual(given, createHmac('sha256', secret).update(body).digest())));
}

/** Whether a token is one of some secrets: by digests, so that no length is told either. */
export function isToken(token: string, secrets: readonly string[]): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const given = digest(token);
  return any(secrets.map((secret) => timingSafeEqual(given, digest(secret))));
}

/** A secret of the Standard Webhooks form, whose key is what follows in base64. */
export const STANDARD_SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

export interface StandardHeaders {
  id: string;
  /** Seconds since the epoch, as written. */
  timestamp: string;
  /** `v1,<base64>`, several separated by blanks. */
  signature: string;
}

/** Whether a body has a signature of the Standard Webhooks form (`v1`, HMAC-SHA256 over id, time and body) that some `whsec_` secret gives. */
export function hasStandardSignature(
  body: Buffer,
  { id, timestamp, signature }: StandardHeaders,
  secrets: readonly string[],
): boolean {
  const given = signature.split(' ').slice(0, 10).map(bytesOf);
  return any(
    secrets.flatMap((secret) => {
      const hmac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'));
      const right = hmac.update(`${id}.${timestamp}.`).update(body).digest();
      return given.map((bytes) => bytes !== null && timingSafeEqual(bytes, right));
    }),
  );
}

function bytesOf(signature: string): Buffer | null {
  const [, encoded] = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(signature) ?? [];
  return encoded === undefined ? null : Buffer.from(encoded, 'base64');
}

/** Without stopping at the first. */
function any(found: readonly boolean[]): boolean {
  return found.reduce((one, other) => one || other, false);
}

/** Whether a time in seconds is within a window (milliseconds) around now. */
export function isTimely(seconds: number, { now, window }: { now: number; window: number }): boolean {
  return Number.isFinite(seconds) && Math.abs(now - seconds * 1000) <= window;
}

/** A delivery's id as we keep it: a word. null for what is none. */
export function deliveryId(text: string | undefined): string | null {
  return text !== undefined && /^[\x21-\x7e]{1,200}$/.test(text) ? text : null;
}

/** The id of what has none: equal for equal bodies. */
export function idOfBody(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

/** The word for an event, where a header has one. */
export function eventWord(text: string | undefined): string {
  return text !== undefined && /^[\x20-\x7e]{1,100}$/.test(text) ? text : 'unknown';
}
