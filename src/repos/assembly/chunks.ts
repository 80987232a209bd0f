import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import type { Compression } from '../../model/index.ts';

const COMPRESS = { gzip: promisify(gzip), zstd: promisify(zstdCompress) } as const;
const DECOMPRESS = { gzip: promisify(gunzip), zstd: promisify(zstdDecompress) } as const;

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

export async function makeChunk(key: string, text: string, compression: Compression): Promise<Chunk> {
  const open = Buffer.from(text);
  return { key, openSize: open.length, closed: await COMPRESS[compression](open), open };
}

export async function openChunk(chunk: Chunk, compression: Compression): Promise<Buffer> {
  chunk.open ??= await DECOMPRESS[compression](chunk.closed);
  return chunk.open;
}

/** Chunks by key; the least recently used ones go first, and all of them when nobody has asked for a minute. */
export interface ChunkMemory {
  get(key: string): Chunk | undefined;
  set(chunk: Chunk): void;
  readonly size: number;
}

export function createChunkMemory(onIdle: () => void): ChunkMemory {
  const held = new Map<string, Chunk>();
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const weight = (chunk: Chunk) => chunk.closed.length + chunk.openSize;
  const touch = () => {
    timer ??= setTimeout(() => {
      held.clear();
      bytes = 0;
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
      if (chunk === undefined) return undefined;
      touch();
      held.delete(key);
      held.set(key, chunk);
      return chunk;
    },
    set: (chunk) => {
      touch();
      const old = held.get(chunk.key);
      if (old !== undefined) bytes -= weight(old);
      held.delete(chunk.key);
      held.set(chunk.key, chunk);
      bytes += weight(chunk);
      for (const [key, oldest] of held) {
        if (bytes <= HELD) break;
        held.delete(key);
        bytes -= weight(oldest);
      }
    },
  };
}
