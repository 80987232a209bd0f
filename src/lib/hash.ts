import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, openSync, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** The SHA-256 of `data` in lower-case hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Bytes of a file up to which reading it at once is no longer than asking another thread for it. */
const SMALL = 256 * 1024;

/** The SHA-256 of a file's content in lower-case hexadecimal. */
export async function sha256File(path: string): Promise<string> {
  // Not to wait for somebody to write into what is no file any more.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (fstatSync(file).size <= SMALL) return sha256(readFileSync(file));
    const hash = createHash('sha256');
    await pipeline(createReadStream(path, { fd: file, autoClose: false }), hash);
    return hash.digest('hex');
  } finally {
    closeSync(file);
  }
}
