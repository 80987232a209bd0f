/** An OpenPGP key that clients are told to trust, without its secret part. */
export interface PublicKey {
  /** Of the primary key: 40 (or, version 6, 64) hexadecimal digits, upper case. */
  fingerprint: string;
  /** The key as an ASCII-armored block that ends in a newline; parts whose expiry is past included. */
  armored: string;
  /** Milliseconds since the epoch, or null for a key that does not expire. */
  expiresAt: number | null;
}

/** `detached`: a binary signature; `armored`: a detached one as text; `clearsigned`: the content with its signature around it. */
export type SignatureForm = 'detached' | 'armored' | 'clearsigned';

/**
 * Makes OpenPGP signatures that clients of a repository trust. The key's secret part is where the driver keeps it and nowhere else; nothing that
 * parses hostile bytes runs beside it.
 */
export interface Signer {
  readonly name: string;
  /** The keys clients shall trust, the one that signs first; more than one while a key is rotated. @throws TrunklineError `signing_failed`. */
  publicKeys(): Promise<readonly PublicKey[]>;
  /**
   * The signature (or, `clearsigned`, the signed text) of `content`, by one of `publicKeys`; verified with them before it is handed out. While a key
   * is rotated, a clear-signed text may carry a signature by each, so that clients that were given the older one go on.
   * @throws TrunklineError `signing_failed` when the key is missing, has expired or is not the one that signed.
   */
  sign(content: Uint8Array, form: SignatureForm): Promise<Uint8Array>;
}
