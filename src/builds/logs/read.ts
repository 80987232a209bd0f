import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { errnoOf, openGzipBlocks, readGzipBlock } from '../../lib/index.ts';
import { PACKED } from './names.ts';

/** A log that is open. Positions and sizes are those of its text. */
export interface OpenLog {
  /** Bytes when it was opened; one that is being written grows. */
  size: number;
  /** What tells this text from another: for an ETag. */
  tag: string;
  /** The compressed file, to be sent as it is; null while it is not compressed. */
  packed: string | null;
  /** `length` bytes from `position` on, fewer only at the end. */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens a log, compressed or not; null where there is none. A log only ever changes from the one to the other, and the new file is there before the old
 * one goes. Follows no link: a build may have written the directory. @throws TrunklineError `store_damaged`
 */
export async function openLog(path: string): Promise<OpenLog | null> {
  const plain = await openFile(path);
  if (plain !== null) return plainLog(plain);
  const packed = await openFile(path + PACKED);
  return packed === null ? null : packedLog(packed, path + PACKED);
}

/** `length` bytes of a log from `position` on, fewer only at its end; null where there is no such log. */
export async function readLogBytes(path: string, position: number, length: number): Promise<Buffer | null> {
  const log = await openLog(path);
  if (log === null) return null;
  try {
    return await log.read(position, length);
  } finally {
    await log.close();
  }
}

/** Bytes sent or copied at once. */
const PIECE = 256 * 1024;

/** The bytes of a log from `start` up to `end` (not with it), or to its end. */
export async function* logBytes(log: OpenLog, start = 0, end = Infinity): AsyncGenerator<Buffer> {
  for (let position = start; position < end;) {
    const bytes = await log.read(position, Math.min(PIECE, end - position));
    if (bytes.length === 0) return;
    position += bytes.length;
    yield bytes;
  }
}

/** Opens a log as it lies there; follows no link. Null where there is no regular file. */
export async function openFile(path: string): Promise<FileHandle | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch((error: unknown) => {
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return null;
    throw error;
  });
  if (handle === null || (await handle.stat()).isFile()) return handle;
  await handle.close();
  return null;
}

async function plainLog(file: FileHandle): Promise<OpenLog> {
  const { size, mtimeMs } = await file.stat();
  return {
    ...{ size, tag: `${size.toString(16)}-${Math.trunc(mtimeMs).toString(16)}`, packed: null },
    read: async (position, length) => {
      const left = Math.max(0, (await file.stat()).size - position);
      const buffer = Buffer.alloc(Math.min(length, left));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}

async function packedLog(file: FileHandle, path: string): Promise<OpenLog> {
  try {
    const blocks = await openGzipBlocks(file, path);
    return {
      ...{ size: blocks.size, tag: `${blocks.size.toString(16)}-${blocks.checksum.toString(16)}`, packed: path },
      read: async (position, length) => {
        const pieces: Buffer[] = [];
        for (let read = 0; read < length && position + read < blocks.size;) {
          const piece = (await readGzipBlock(file, blocks, position + read, path)).subarray(0, length - read);
          pieces.push(piece);
          read += piece.length;
        }
        return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
