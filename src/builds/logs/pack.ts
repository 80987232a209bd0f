import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listUnpackedAttempts, recordPacked } from '../../db/index.ts';
import {
  describeError,
  fileSystemError,
  isAborted,
  LONGEST_TEXT,
  namesIn,
  openGzipBlocks,
  pauseFor,
  syncDirectory,
  TEMPORARY,
  temporaryBeside,
  writeGzipBlocks,
} from '../../lib/index.ts';
import { logDirectory, type TrunkContext } from '../context.ts';
import { stopsEverything } from '../failure.ts';
import { isLogName, PACKED } from './names.ts';
import { openFile } from './read.ts';

/** Milliseconds after an attempt's end: whoever made it may still be writing its last words when it was cancelled. */
const AGE = 10 * 60_000;
/** Attempts at once, and milliseconds between: a server that is new to this has years of logs to work off, and other work. */
const BATCH = 50;
const PAUSE = 200;

/**
 * Compresses the logs of all attempts that ended ten minutes ago or longer. Answers how many attempts. A log that cannot be compressed is said in the
 * log, and stays as it is. @throws when the machine cannot go on: a full disk
 */
export function packLogs(
  context: Pick<TrunkContext, 'settings' | 'db' | 'now' | 'log' | 'mutexes'>,
  signal: AbortSignal,
): Promise<number> {
  // One of several servers with one data directory: what one begins the other would take for what a dead one left.
  return context.mutexes.hold('packing of logs', () => packAll(context, signal));
}

async function packAll(
  context: Pick<TrunkContext, 'settings' | 'db' | 'now' | 'log'>,
  signal: AbortSignal,
): Promise<number> {
  let done = 0;
  while (!signal.aborted) {
    const some = await listUnpackedAttempts(context.db, context.now() - AGE, BATCH);
    for (const { buildId, number } of some) {
      if (isAborted(signal)) return done;
      const directory = logDirectory(context.settings, buildId, number);
      await packDirectory(directory).catch((error: unknown) => {
        if (stopsEverything(error)) throw error;
        context.log.error(
          { err: error, build: buildId, attempt: number },
          `logs stay as they are: ${describeError(error)}`,
        );
      });
    }
    await recordPacked(
      context.db,
      some.map(({ id }) => id),
      context.now(),
    );
    done += some.length;
    if (some.length < BATCH) break;
    await pauseFor(PAUSE, signal);
  }
  return done;
}

/** Compresses the logs of one attempt that nobody writes any more. May be killed, and done again. @throws TrunklineError `no_space` */
export async function packDirectory(directory: string): Promise<void> {
  const names = await namesIn(directory);
  for (const name of names.filter((one) => one.startsWith(TEMPORARY))) await rm(join(directory, name), { force: true });
  for (const name of names) if (isLogName(name) && !name.endsWith(PACKED)) await packLog(join(directory, name));
}

async function packLog(path: string): Promise<void> {
  // A link is no log; and another server may have been here.
  const from = await openFile(path);
  if (from === null) return;
  try {
    const status = await from.stat();
    if (status.size > LONGEST_TEXT) return;
    const packed = path + PACKED;
    if (await isThere(packed)) {
      // Written by a process that was killed before it could take the other away; or by nobody who knows of this one.
      if ((await sizeOfPacked(packed)) !== status.size) return;
    } else await write(from, status.size, packed);
    if ((await from.stat()).size === status.size) await rm(path, { force: true });
  } finally {
    await from.close();
  }
}

async function write(from: Parameters<typeof writeGzipBlocks>[0], size: number, packed: string): Promise<void> {
  const temporary = temporaryBeside(packed);
  try {
    const to = await open(temporary, 'wx', 0o644);
    try {
      await writeGzipBlocks(from, to, size);
      await to.sync();
    } finally {
      await to.close();
    }
    await rename(temporary, packed);
    await syncDirectory(join(packed, '..'));
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileSystemError(error, packed);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

async function sizeOfPacked(path: string): Promise<number> {
  const file = await open(path);
  try {
    return (await openGzipBlocks(file, path)).size;
  } finally {
    await file.close();
  }
}
