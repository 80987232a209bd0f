import { TrunklineError } from '../../../lib/index.ts';

/** @throws TrunklineError `invalid_argument` for what cannot be a place in the store: the caller has not checked what it was told. */
export function checkPlace(sha256: string, fileName: string): void {
  if (/^[0-9a-f]{64}$/.test(sha256) && /^[A-Za-z0-9_][A-Za-z0-9._+~^-]{0,254}$/.test(fileName)) return;
  throw new TrunklineError('invalid_argument', `${JSON.stringify(fileName)} (${sha256}) cannot be a file of a store`, {
    hint: 'a file is kept under its SHA-256 and a name of one path component, with no unusual characters',
  });
}

/** @throws TrunklineError `invalid_argument` for what is no digest. */
export function checkDigest(sha256: string): void {
  checkPlace(sha256, 'any');
}
