import { compress, compressHere, createMemory, decompress } from '../../lib/index.ts';
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

/** Bytes up to which a chunk that is made alone is compressed at once: 3 ms. */
const SMALL = 400_000;

/** `alone`: no others are made at the same time, so that other threads would not be sooner. */
export async function makeChunk(
  key: string,
  text: string,
  compression: Compression,
  { alone = false } = {},
): Promise<Chunk> {
  const open = Buffer.from(text);
  const closed = alone && open.length <= SMALL ? compressHere(open, compression) : await compress(open, compression);
  return { key, openSize: open.length, closed, open };
}

export async function openChunk(chunk: Chunk, compression: Compression): Promise<Buffer> {
  chunk.open ??= await decompress(chunk.closed, compression);
  return chunk.open;
}

/** Chunks by key; all of them are let go when nobody has asked for a minute. */
export interface ChunkMemory {
  get(key: string): Chunk | undefined;
  set(chunk: Chunk): void;
  readonly size: number;
}

export function createChunkMemory(onIdle: () => void): ChunkMemory {
  const held = createMemory<Chunk>(HELD, (chunk) => chunk.closed.length + chunk.openSize);
  let timer: NodeJS.Timeout | undefined;
  const touch = () => {
    timer ??= setTimeout(() => {
      held.clear();
      timer = undefined;
      onIdle();
    }, IDLE).unref();
    timer.refresh();
  };
  return {
    get size() {
      return held.size;
    },
    get: (key) => {
      const chunk = held.get(key);
      if (chunk !== undefined) touch();
      return chunk;
    },
    set: (chunk) => {
      touch();
      held.set(chunk.key, chunk);
    },
  };
}
