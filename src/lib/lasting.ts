import { closeSync, futimesSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDescriptor } from './files.ts';
import { allEnded, waitedForLater } from './together.ts';
import { writePieces } from './write-pieces.ts';

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
    await writePieces(
      file,
      pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
    );
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

function directoriesFrom(top: string): string[] {
  const below = readdirSync(top, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [top, ...below.flatMap((entry) => directoriesFrom(join(top, entry.name)))];
}
