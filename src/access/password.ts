import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { TrunklineError } from '../lib/index.ts';

interface Cost {
  /** log2 of N. */
  ln: number;
  r: number;
  p: number;
}

// One of the five that OWASP's Password Storage Cheat Sheet holds for equal (N=2^15, r=8, p=3): 32 MiB a login, which a server of 120 MB can spare.
const COST: Cost = { ln: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const SHORTEST = 12;
/** Longer than any passphrase; hashing starts with one pass over it. */
const LONGEST = 1024;

/** @throws TrunklineError `invalid_argument` for what cannot be a user's password (NIST SP 800-63B: its length counts, not its characters). */
export function checkPassword(user: string, password: string): void {
  const problem =
    password.length < SHORTEST
      ? `is shorter than ${SHORTEST} characters`
      : Buffer.byteLength(password) > LONGEST
        ? `is longer than ${LONGEST} bytes`
        : // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
          /[\u0000-\u001f\u007f]/.test(password)
          ? 'has a control character in it'
          : password.toLowerCase().replaceAll(user, '').length < SHORTEST / 2
            ? 'is little more than the user’s name'
            : undefined;
  if (problem !== undefined)
    throw new TrunklineError('invalid_argument', `The password ${problem}`, {
      hint: `use ${SHORTEST} characters or more; several words are good`,
    });
}

/** What is stored of a password: `$scrypt$ln=15,r=8,p=3$salt$key`, in the PHC string format. */
export async function hashPassword(password: string, cost: Cost = COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, cost, KEY_BYTES);
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${base64(salt)}$${base64(key)}`;
}

export interface PasswordCheck {
  good: boolean;
  /** It is good, and was hashed at another cost than is used now: to be hashed and stored anew. */
  outdated: boolean;
}

/** Compares a password with what is stored of it. null, for a user that is not there or has none, takes as long and is never good. */
export async function verifyPassword(password: string, stored: string | null): Promise<PasswordCheck> {
  const { cost, salt, key } = read(stored ?? NOBODY);
  const derived = await derive(password, salt, cost, key.length);
  const good = timingSafeEqual(derived, key) && stored !== null;
  return { good, outdated: good && (cost.ln !== COST.ln || cost.r !== COST.r || cost.p !== COST.p) };
}

/** Nobody's password: its key is as random as its salt. */
const NOBODY = `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(randomBytes(SALT_BYTES))}$${base64(randomBytes(KEY_BYTES))}`;

function read(stored: string): { cost: Cost; salt: Buffer; key: Buffer } {
  const [, ln, r, p, salt, key] =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]{22,})$/.exec(stored) ?? [];
  if (salt === undefined || key === undefined) throw new Error('What is stored of a password is not scrypt’s');
  return {
    cost: { ln: Number(ln), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  };
}

/** The same password is the same however a keyboard composes its accents (RFC 8265, OpaqueString). */
function derive(password: string, salt: Buffer, { ln, r, p }: Cost, length: number): Promise<Buffer> {
  const N = 2 ** ln;
  const options = { N, r, p, maxmem: 128 * N * r + 128 * r * p + 2 ** 20 };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, length, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
