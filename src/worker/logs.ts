import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LARGEST_PIECE } from '../api/index.ts';
import type { HeldAttempt } from './attempt.ts';
import { pauseFor } from '../lib/index.ts';

/** Milliseconds between looks at logs that are being written. */
const LOOK = 200;

export interface LogSender {
  /** Sends what there is until `signal` is aborted. @throws as the connection */
  follow: (signal: AbortSignal) => Promise<void>;
  /** Sends all that there is now. */
  flush: () => Promise<void>;
}

/** Sends the logs of a directory to the server as they grow. `cut` is called when the server takes no more of one. */
export function sendLogs(held: HeldAttempt, directory: string, cut: (name: string) => void): LogSender {
  const sent = new Map<string, number>();
  const closed = new Set<string>();
  let turn: Promise<void> = Promise.resolve();
  const sendAll = async () => {
    for (const name of await readdir(directory).catch(() => [])) {
      if (!name.endsWith('.log') || closed.has(name)) continue;
      const handle = await open(join(directory, name));
      try {
        for (;;) {
          const offset = sent.get(name) ?? 0;
          const { bytesRead, buffer } = await handle.read(Buffer.alloc(64 * 1024), 0, null, offset);
          if (bytesRead === 0) break;
          const rest = bytesRead < buffer.length ? buffer.subarray(0, bytesRead) : await more(handle, buffer, offset);
          const answer = await held.sendLog(name, offset, rest);
          sent.set(name, answer.offset);
          if (!answer.cut) continue;
          closed.add(name);
          cut(name);
          break;
        }
      } finally {
        await handle.close();
      }
    }
  };
  const flush = () => (turn = turn.then(sendAll));
  return {
    flush,
    follow: async (signal) => {
      while (!signal.aborted) {
        await flush();
        await pauseFor(LOOK, signal);
      }
    },
  };
}

/** A log that grows fast is sent in large pieces. */
async function more(
  handle: Awaited<ReturnType<typeof open>>,
  first: Buffer<ArrayBuffer>,
  offset: number,
): Promise<Buffer<ArrayBuffer>> {
  const large = Buffer.alloc(LARGEST_PIECE);
  first.copy(large);
  const { bytesRead } = await handle.read(large, first.length, large.length - first.length, offset + first.length);
  return large.subarray(0, first.length + bytesRead);
}
