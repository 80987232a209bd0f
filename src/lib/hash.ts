import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** The SHA-256 of `data` in lower-case hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Files up to this size are read at once; a stream's buffers and events cost more than the digest of a small file. */
const SMALL = 1024 ** 2;

/** The SHA-256 of a file's content in lower-case hexadecimal. */
export async function sha256File(path: string): Promise<string> {
  const handle = await open(path);
  try {
    if ((await handle.stat()).size <= SMALL) return sha256(await handle.readFile());
    const hash = createHash('sha256');
    await pipeline(handle.createReadStream({ autoClose: false }), hash);
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}
