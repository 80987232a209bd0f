import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createRedactor, fileSystemError, type Redactor } from '../../lib/index.ts';

export interface LogFollower {
  /** Copies what is left and stops. */
  stop(): Promise<void>;
}

const POLL_MS = 200;

/**
 * Copies a growing file to another as it grows, from its beginning, secrets redacted. After `limit` bytes it copies no more and calls `onLimit` once; a source that
 * cannot be opened yet, or is a link, is waited for. A write that fails (a full disk) ends the copying and is thrown by `stop` (TrunklineError `no_space`).
 */
export function followLog(source: string, target: string, limit: number, onLimit: () => void): LogFollower {
  const state: Copy = { from: null, to: null, copied: 0, redactor: createRedactor(), limit, onLimit };
  let failure: unknown;
  let work = Promise.resolve();
  const turn = () => {
    work = work
      .then(() => copyNew(state, source, target))
      .catch((error: unknown) => {
        failure ??= error;
        clearInterval(timer);
      });
  };
  const timer = setInterval(turn, POLL_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      turn();
      await work;
      await state.to?.writeFile(state.redactor.end()).catch((error: unknown) => {
        failure ??= error;
      });
      await state.from?.close();
      await state.to?.close();
      if (failure !== undefined) throw fileSystemError(failure, target);
    },
  };
}

interface Copy {
  from: FileHandle | null;
  to: FileHandle | null;
  /** Bytes read. */
  copied: number;
  redactor: Redactor;
  readonly limit: number;
  readonly onLimit: () => void;
}

async function copyNew(copy: Copy, source: string, target: string): Promise<void> {
  copy.from ??= await open(source, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => null);
  if (copy.from === null) return;
  copy.to ??= await open(target, 'a');
  const buffer = Buffer.allocUnsafe(64 * 1024);
  while (copy.copied < copy.limit) {
    const room = Math.min(buffer.length, copy.limit - copy.copied);
    const { bytesRead } = await copy.from.read(buffer, 0, room, copy.copied);
    if (bytesRead === 0) return;
    await copy.to.writeFile(copy.redactor.push(buffer.subarray(0, bytesRead)));
    copy.copied += bytesRead;
    if (copy.copied >= copy.limit) copy.onLimit();
  }
}
