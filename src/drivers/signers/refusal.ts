import { TrunklineError } from '../../lib/index.ts';

/** What keeps a key from signing, where it is configured or kept, and what to do. */
export function signingFailed(message: string, where: string, hint: string, cause?: unknown): TrunklineError {
  return new TrunklineError('signing_failed', message, { where, hint, ...(cause === undefined ? {} : { cause }) });
}

/** A key that clients would not take a signature of, at `now` (milliseconds). */
export function refuseUnusable(
  key: { fingerprint: string; expiresAt: number | null; revoked: boolean },
  where: string,
) {
  if (key.revoked)
    throw signingFailed(`The key ${key.fingerprint} has been revoked`, where, 'name another key, or make the next one');
  if (key.expiresAt !== null && key.expiresAt <= Date.now())
    throw signingFailed(
      `The key ${key.fingerprint} expired on ${new Date(key.expiresAt).toISOString().slice(0, 10)}`,
      where,
      `extend it (gpg --quick-set-expire ${key.fingerprint} 1y) and publish it anew, or change to another key`,
    );
}
