import { mkdir, open, readdir, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from './files.ts';
import { allEnded } from './together.ts';

/** New files that are written together and made to last together: a file system then writes them in one go. */
export interface LastingFiles extends AsyncDisposable {
  /** Writes a new file, its parents made, without copying the pieces together. */
  write(path: string, pieces: readonly (string | Uint8Array)[]): Promise<void>;
  /** Makes what was written survive a power cut, and every directory below `directory`, which has all of it. */
  settle(directory: string): Promise<void>;
  /** To be called whatever happens. */
  close(): Promise<void>;
}

/** How many pieces one system call takes (IOV_MAX is 1,024). */
const PIECES = 512;

/** `time` is what the files' times are set to, in seconds since the epoch. */
export function openLastingFiles(time: number): LastingFiles {
  const handles = new Set<FileHandle>();
  const close = async () => {
    await Promise.allSettled([...handles].map((handle) => handle.close()));
    handles.clear();
  };
  return {
    write: async (path, pieces) => {
      await mkdir(dirname(path), { recursive: true });
      const handle = await open(path, 'wx', 0o644);
      handles.add(handle);
      await writePieces(
        handle,
        pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
      );
      await handle.utimes(time, time);
    },
    settle: async (directory) => {
      await allEnded([syncDirectories(directory), ...[...handles].map((handle) => handle.sync())]);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Writes pieces one after the other from where the file stands. */
export async function writePieces(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  for (let start = 0; start < pieces.length; start += PIECES) {
    const some = pieces.slice(start, start + PIECES);
    const { bytesWritten } = await handle.writev(some);
    const size = some.reduce((sum, piece) => sum + piece.length, 0);
    // A disk that is nearly full takes a part; the rest says why.
    if (bytesWritten < size) await handle.writeFile(Buffer.concat(some).subarray(bytesWritten));
  }
}

async function syncDirectories(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  await Promise.all([
    syncDirectory(directory),
    ...entries.filter((entry) => entry.isDirectory()).map((entry) => syncDirectories(join(directory, entry.name))),
  ]);
}
