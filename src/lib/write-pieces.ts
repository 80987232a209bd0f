import { writev, writevSync } from 'node:fs';
import { promisify } from 'node:util';

/** How many pieces one system call takes (IOV_MAX is 1,024). */
const PIECES = 512;
/** Bytes up to which writing into the page cache is no longer than asking another thread for it: 0.3 ms. */
const SMALL = 1024 ** 2;

const writeLarge = promisify(writev);

/** Writes all of the pieces to an open file, where it stands, without copying them together. */
export async function writePieces(file: number, pieces: readonly Uint8Array[]): Promise<void> {
  const small = pieces.reduce((sum, one) => sum + one.length, 0) <= SMALL;
  for (let start = 0; start < pieces.length; start += PIECES) {
    // A disk that is nearly full takes a part; the next call says why.
    for (let left = pieces.slice(start, start + PIECES); left.length > 0;)
      left = after(left, small ? writevSync(file, left) : (await writeLarge(file, left)).bytesWritten);
  }
}

function after(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  return pieces.flatMap((piece) => {
    const rest = piece.subarray(Math.min(skip, piece.length));
    skip -= piece.length - rest.length;
    return rest.length > 0 ? [rest] : [];
  });
}
