import { TrunklineError } from '../../lib/index.ts';

/** What keeps a key from signing, where it is configured or kept, and what to do. */
export function signingFailed(message: string, where: string, hint: string, cause?: unknown): TrunklineError {
  return new TrunklineError('signing_failed', message, { where, hint, ...(cause === undefined ? {} : { cause }) });
}

/** A key that clients would not take a signature of, at `now` (milliseconds). Whoever publishes over the network is told, too. */
export function refuseUnusable(
  key: { fingerprint: string; expiresAt: number | null; revoked: boolean },
  where: string,
) {
  const refuse = (message: string, hint: string) => {
    throw new TrunklineError('signing_failed', message, { where, hint, told: true });
  };
  const { fingerprint, expiresAt } = key;
  if (key.revoked) refuse(`The key ${fingerprint} has been revoked`, 'name another key, or make the next one');
  if (expiresAt !== null && expiresAt <= Date.now())
    refuse(
      `The key ${fingerprint} expired on ${new Date(expiresAt).toISOString().slice(0, 10)}`,
      `extend it (gpg --quick-set-expire ${fingerprint} 1y) and publish it anew, or change to another key`,
    );
}
