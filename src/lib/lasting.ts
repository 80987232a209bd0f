import { closeSync, futimesSync, mkdirSync, openSync, readdirSync, writev, writevSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { syncDescriptor } from './files.ts';
import { allEnded, waitedForLater } from './together.ts';

/**
 * New files that are written together and made to last together: a file system then writes them in one go. What does not wait for the disk is done
 * at once, as handing it to another thread takes several times as long.
 */
export interface LastingFiles extends Disposable {
  /** Writes a new file, its parents made, without copying the pieces together. */
  write(path: string, pieces: readonly (string | Uint8Array)[]): Promise<void>;
  /** Waits until what was written, and every directory below `directory`, which has all of it, survives a power cut. */
  settle(directory: string): Promise<void>;
  /** To be called whatever happens. */
  close(): void;
}

/** How many pieces one system call takes (IOV_MAX is 1,024). */
const PIECES = 512;
/** Bytes up to which writing into the page cache is no longer than asking another thread for it: 0.3 ms. */
const SMALL = 1024 ** 2;

const writePieces = promisify(writev);

/**
 * `time` is what the files' times are set to, in seconds since the epoch. Each file begins to last as soon as it is written, so that the disk is at work
 * while the next is made; with `durable: false` none does.
 */
export function openLastingFiles(time: number, { durable = true } = {}): LastingFiles {
  const files = new Map<number, Promise<void>>();
  const made = new Set<string>();
  const makeParent = (path: string) => {
    const parent = dirname(path);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true });
    made.add(parent);
  };
  const begin = (file: number) => {
    files.set(file, durable ? waitedForLater(syncDescriptor(file)) : Promise.resolve());
  };
  const write = async (file: number, pieces: readonly (string | Uint8Array)[]) => {
    const bytes = pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
    const small = bytes.reduce((sum, one) => sum + one.length, 0) <= SMALL;
    for (let start = 0; start < bytes.length; start += PIECES)
      await writeAll(file, bytes.slice(start, start + PIECES), small);
    futimesSync(file, time, time);
  };
  const close = () => {
    // Not while it is being synced: its number may be another file's by then.
    for (const [file, lasting] of files)
      void Promise.allSettled([lasting]).then(() => {
        closeSync(file);
      });
    files.clear();
  };
  return {
    write: async (path, pieces) => {
      makeParent(path);
      const file = openSync(path, 'wx', 0o644);
      try {
        await write(file, pieces);
      } catch (error) {
        closeSync(file);
        throw error;
      }
      begin(file);
    },
    settle: async (directory) => {
      for (const one of directoriesFrom(directory)) begin(openSync(one, 'r'));
      await allEnded([...files.values()]);
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** A disk that is nearly full takes a part; the next call says why. */
async function writeAll(file: number, pieces: readonly Uint8Array[], small: boolean): Promise<void> {
  for (let left = pieces; left.length > 0;) {
    const written = small ? writevSync(file, left) : (await writePieces(file, left)).bytesWritten;
    left = after(left, written);
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

function directoriesFrom(top: string): string[] {
  const below = readdirSync(top, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [top, ...below.flatMap((entry) => directoriesFrom(join(top, entry.name)))];
}
