import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, inflateRaw, type ZlibOptions } from 'node:zlib';
import { TrunklineError } from './errors.ts';

/**
 * A gzip file of one member (RFC 1952) that can be read from any byte of its text on. The text is deflated in blocks that stand for themselves; how many
 * bytes each has is in a field of the header ("TL", 32 bits each, little-endian) that other programs skip.
 */
export interface GzipBlocks {
  /** Bytes of text. */
  size: number;
  /** CRC-32 of the text. */
  checksum: number;
  /** Where the deflated blocks begin in the file, and where the last one ends. */
  offsets: readonly number[];
}

const BLOCK = 256 * 1024;
/** The header's field has 16 bits for its length. */
const MOST_BLOCKS = 16_000;
const FIXED = 16;
/** A last block with nothing in it, for the blocks before are none. */
const LAST_BLOCK = Buffer.from([3, 0]);
const TAIL = LAST_BLOCK.length + 8;

const deflate: (text: Uint8Array, options: ZlibOptions) => Promise<Buffer> = promisify(deflateRaw);
const inflate: (bytes: Uint8Array, options: ZlibOptions) => Promise<Buffer> = promisify(inflateRaw);

/** Bytes of the longest text that has a place in one file. */
export const LONGEST_TEXT = MOST_BLOCKS * BLOCK;

/** Writes the first `size` bytes of a file. @throws when it has not as many, or more than `LONGEST_TEXT` */
export async function writeGzipBlocks(from: FileHandle, to: FileHandle, size: number): Promise<void> {
  if (size > LONGEST_TEXT) throw new Error(`a text of ${String(size)} bytes is too long`);
  const lengths: number[] = [];
  let position = FIXED + 4 * Math.ceil(size / BLOCK);
  let checksum = 0;
  for (let read = 0; read < size; read += BLOCK) {
    const text = await readExactly(from, read, Math.min(BLOCK, size - read));
    checksum = crc32(text, checksum);
    const bytes = await deflate(text, { finishFlush: constants.Z_FULL_FLUSH });
    await to.write(bytes, 0, bytes.length, position);
    lengths.push(bytes.length);
    position += bytes.length;
  }
  const end = Buffer.alloc(TAIL);
  LAST_BLOCK.copy(end);
  end.writeUInt32LE(checksum, LAST_BLOCK.length);
  end.writeUInt32LE(size, LAST_BLOCK.length + 4);
  await to.write(end, 0, end.length, position);
  await to.write(header(lengths), 0, undefined, 0);
}

function header(lengths: readonly number[]): Buffer {
  const bytes = Buffer.alloc(FIXED + 4 * lengths.length);
  // gzip, deflated, with an extra field; no time; made on Unix.
  Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3]).copy(bytes);
  bytes.writeUInt16LE(4 + 4 * lengths.length, 10);
  bytes.write('TL', 12, 'latin1');
  bytes.writeUInt16LE(4 * lengths.length, 14);
  for (const [index, length] of lengths.entries()) bytes.writeUInt32LE(length, FIXED + 4 * index);
  return bytes;
}

/** @throws TrunklineError `store_damaged` for what `writeGzipBlocks` has not written, or what was cut off */
export async function openGzipBlocks(file: FileHandle, path: string): Promise<GzipBlocks> {
  const { size: length } = await file.stat();
  const start = await readExactly(file, 0, Math.min(FIXED, length));
  const count = start.length === FIXED && start.toString('latin1', 12, 14) === 'TL' ? start.readUInt16LE(14) / 4 : -1;
  if (count < 0 || start.readUInt32LE(0) !== 0x04088b1f || length < FIXED + 4 * count + TAIL) throw damaged(path);
  const list = await readExactly(file, FIXED, 4 * count);
  const offsets = [FIXED + 4 * count];
  for (let index = 0; index < count; index += 1) offsets.push((offsets[index] ?? 0) + list.readUInt32LE(4 * index));
  const end = await readExactly(file, length - 8, 8);
  const size = end.readUInt32LE(4);
  if (offsets.at(-1) !== length - TAIL || Math.ceil(size / BLOCK) !== count) throw damaged(path);
  return { size, checksum: end.readUInt32LE(0), offsets };
}

/** The text from `position` on, at most to the end of the block that stands there. Empty at the end. @throws TrunklineError `store_damaged` */
export async function readGzipBlock(
  file: FileHandle,
  { size, offsets }: GzipBlocks,
  position: number,
  path: string,
): Promise<Buffer> {
  if (position >= size) return Buffer.alloc(0);
  const index = Math.floor(position / BLOCK);
  const [from, to] = [offsets[index] ?? 0, offsets[index + 1] ?? 0];
  const wanted = Math.min(BLOCK, size - index * BLOCK);
  const bytes = await readExactly(file, from, to - from);
  const text = await inflate(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: BLOCK + 1 }).catch(
    (error: unknown) => {
      throw damaged(path, error);
    },
  );
  if (text.length !== wanted) throw damaged(path);
  return text.subarray(position - index * BLOCK);
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(buffer, read, length - read, position + read);
    if (bytesRead === 0) throw new Error('a file is shorter than it was');
    read += bytesRead;
  }
  return buffer;
}

function damaged(path: string, cause?: unknown): TrunklineError {
  return new TrunklineError('store_damaged', `${path} is no log as Trunkline keeps them, or has been cut off`, {
    where: path,
    hint: 'gzip -t says whether it is whole; a backup has another copy',
    cause,
  });
}
