import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, TrunklineError } from '../../lib/index.ts';
import type { Settings } from '../../model/index.ts';
import { logDirectory } from '../context.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,100}$/;

/** Whether a file may be called so among the logs of an attempt. */
export function isLogName(name: string): boolean {
  return NAME.test(name);
}

export interface LogName {
  buildId: number;
  /** The attempt's number. */
  attempt: number;
  file: string;
}

/** Where a log is or will be. @throws TrunklineError `invalid_argument` for what cannot be the name of a log */
export function logPath(settings: Settings, { buildId, attempt, file }: LogName): string {
  if (isLogName(file)) return join(logDirectory(settings, buildId, attempt), file);
  throw new TrunklineError('invalid_argument', `${JSON.stringify(file.slice(0, 100))} is not the name of a log`, {
    hint: 'build.log is there as a rule; an attempt lists its logs',
  });
}

/** At most `length` bytes of a log from `position` on; null where there is no such log. */
export async function readLogBytes(path: string, position: number, length: number): Promise<Buffer | null> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const buffer = Buffer.alloc(Math.min(length, Math.max(0, size - position)));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The bytes of `chunk` up to the end of the last whole character of UTF-8: what comes after them is the beginning of one. */
export function wholeCharacters(chunk: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, chunk.length); back += 1) {
    const byte = chunk[chunk.length - back] ?? 0;
    if (byte < 0x80) return chunk;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? chunk.subarray(0, chunk.length - back) : chunk;
  }
  return chunk;
}
