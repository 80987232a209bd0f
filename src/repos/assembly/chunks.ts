import { compress, compressHere, createMemory, decompress, type Memory } from '../../lib/index.ts';
import type { Compression } from '../../model/index.ts';

/** Bytes of chunks held in memory at most, and the milliseconds without use after which they are let go. */
const HELD = 384e6;
const IDLE = 60_000;

/** A part of an index file, compressed by itself: a gzip member or a zstd frame. */
export interface Chunk {
  /** What it was made from, so that two equal keys are two equal chunks. */
  key: string;
  openSize: number;
  closed: Buffer;
  /** The uncompressed text, unless it was let go. */
  open: Buffer | null;
}

/** Bytes up to which a chunk that is made alone is compressed on this thread: 3 ms. Smaller ones than `TINY` always are. */
const SMALL = 400_000;
const TINY = 4096;

/**
 * Chunks of several index files. `alone`: no others are made at the same time; then this thread compresses the largest while others do the rest,
 * instead of waiting for them all.
 */
export async function makeChunks(
  texts: readonly { key: string; text: string }[],
  compression: Compression,
  { alone }: { alone: boolean },
): Promise<Chunk[]> {
  const opened = texts.map(({ key, text }) => ({ key, open: Buffer.from(text) }));
  const most = Math.max(...opened.map(({ open }) => open.length));
  const here = (size: number) => size <= TINY || (alone && size === most && size <= SMALL);
  // The others are begun first.
  const begun = opened.map(({ open }) => (here(open.length) ? null : compress(open, compression)));
  return Promise.all(
    opened.map(async ({ key, open }, n) => {
      const closed = (await begun[n]) ?? compressHere(open, compression);
      return { key, openSize: open.length, closed, open };
    }),
  );
}

/** A chunk that is made once: of a whole index file, or a few bytes around the others. */
export function chunkOf(memory: ChunkMemory, key: string, text: string, compression: Compression): Chunk {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const open = Buffer.from(text);
  const chunk = { key, openSize: open.length, closed: compressHere(open, compression), open };
  memory.set(key, chunk);
  return chunk;
}

export async function openChunk(chunk: Chunk, compression: Compression): Promise<Buffer> {
  chunk.open ??= await decompress(chunk.closed, compression);
  return chunk.open;
}

/** Chunks by their keys. */
export type ChunkMemory = Memory<Chunk>;

export function createChunkMemory(onIdle: () => void): ChunkMemory {
  return createMemory<Chunk>(HELD, (chunk) => chunk.closed.length + chunk.openSize, { idle: IDLE, onIdle });
}
