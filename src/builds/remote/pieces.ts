import { open, stat } from 'node:fs/promises';
import { fileSystemError } from '../../lib/index.ts';

/** A piece of a file that arrives in pieces. */
export interface Piece {
  offset: number;
  body: Uint8Array;
}

/**
 * Appends what is new of a piece: one that came before changes nothing, one that would leave a gap neither. Answers how long the file then is. A file
 * takes `limit` bytes. @throws TrunklineError `no_space`
 */
export async function appendPiece(path: string, { offset, body }: Piece, limit: number): Promise<number> {
  try {
    const size = await sizeOf(path);
    if (offset > size || offset + body.length <= size || size >= limit) return size;
    const fresh = body.subarray(size - offset, Math.min(body.length, limit - offset));
    const handle = await open(path, 'a', 0o644);
    try {
      await handle.writeFile(fresh);
    } finally {
      await handle.close();
    }
    return size + fresh.length;
  } catch (error) {
    throw fileSystemError(error, path);
  }
}

export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}
