import { closeSync, constants, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { fileSystemError } from '../files.ts';
import { createRedactor } from '../redactor.ts';
import type { Holder } from './holder.ts';

/**
 * Named pipes of one jail, used again by later runs. Not what spawn gives: those are socket pairs, on which opening /dev/stdout fails, and
 * anonymous pipes of root's could not be opened by the jail's ids.
 */
export interface PipePool {
  take(): Promise<Pipe>;
}

export interface Pipe {
  /** What a child writes to; `closeWriter` once it has been started. */
  writer: number;
  closeWriter(): void;
  /** The bytes, until every writer is gone; then the pipe is free again. Once. */
  read(): Socket;
}

/** How many the holder makes at its start. */
const FIRST = 4;

export function createPipePool(holder: Holder): PipePool {
  const free = Array.from({ length: FIRST }, (_, index) => index);
  let made = FIRST;
  return {
    take: async () => {
      let number = free.shift();
      if (number === undefined) {
        number = made++;
        await holder.ask(`fifo ${String(number)}`);
      }
      const taken = number;
      return openPipe(join(holder.directory, 'out', String(taken)), () => free.push(taken));
    },
  };
}

function openPipe(path: string, release: () => void): Pipe {
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  return {
    writer,
    closeWriter: () => {
      closeSync(writer);
    },
    read: () => new Socket({ fd: reader, readable: true, writable: false }).once('close', release),
  };
}

/** What a run has printed, up to its limit. */
export interface Output {
  /** Bytes kept; over the limit `onLimit` has been called and the rest is dropped. */
  text(): string;
  /** The last two kilobytes. */
  tail(): string;
}

/** Counts the output of one run, all its streams together. */
export function outputBudget(limit: number, onLimit: () => void): (chunk: Buffer) => Buffer {
  let left = limit;
  return (chunk) => {
    const kept = chunk.subarray(0, left);
    left -= kept.length;
    if (kept.length < chunk.length) onLimit();
    return kept;
  };
}

/** Reads what comes out of a pipe to its end into memory. */
export async function capture(
  pipe: AsyncIterable<Buffer>,
  budget: (chunk: Buffer) => Buffer,
  encoding: 'utf8' | 'latin1' = 'utf8',
): Promise<Output> {
  const chunks: Buffer[] = [];
  for await (const chunk of pipe) {
    const kept = budget(chunk);
    if (kept.length > 0) chunks.push(kept);
  }
  const text = Buffer.concat(chunks).toString(encoding);
  return { text: () => text, tail: () => text.slice(-2048) };
}

/**
 * Reads a pipe to its end into `file`, appending, secrets redacted. Where the disk is full, `onLimit` is called once and reading goes on, so that the run can end.
 * @throws TrunklineError `no_space` and the like, at the end.
 */
export async function captureToFile(
  pipe: Pipe,
  file: string,
  budget: (chunk: Buffer) => Buffer,
  onError: () => void,
): Promise<Output> {
  let failure: unknown;
  let tail = '';
  const redactor = createRedactor();
  const handle = await open(file, 'a').catch((error: unknown) => {
    failure = error;
    onError();
    return undefined;
  });
  const write = async (shown: Buffer) => {
    if (shown.length === 0 || failure !== undefined || handle === undefined) return;
    tail = (tail + shown.toString('latin1')).slice(-2048);
    await handle.writeFile(shown).catch((error: unknown) => {
      failure = error;
      onError();
    });
  };
  try {
    for await (const chunk of pipe.read() as AsyncIterable<Buffer>) {
      const kept = budget(chunk);
      if (kept.length > 0) await write(redactor.push(kept));
    }
    await write(redactor.end());
  } finally {
    await handle?.close();
  }
  if (failure !== undefined) throw fileSystemError(failure, file);
  return { text: () => '', tail: () => tail };
}
