import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { logDirectory, type TrunkContext } from '../builds/index.ts';
import { listAttempts, requireBuild } from '../db/index.ts';
import { errnoOf, TrunklineError } from '../lib/index.ts';

export interface WantedLog {
  id: number;
  /** The attempt's number, or null for the last one. */
  attempt: number | null;
  file: string;
}

/** The text of a build's log, piece by piece. With `follow`, what is added too, until the attempt has ended. */
export async function* readLog(
  context: TrunkContext,
  wanted: WantedLog,
  { follow, signal }: { follow: boolean; signal: AbortSignal },
): AsyncGenerator<string> {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(wanted.file))
    throw new TrunklineError('invalid_argument', `${JSON.stringify(wanted.file)} is not the name of a log`);
  await requireBuild(context.db, wanted.id);
  const decoder = new TextDecoder();
  let position = 0;
  let found = false;
  for (;;) {
    const attempt = await chooseAttempt(context, wanted);
    const over = attempt === null || attempt.state === 'finished';
    const path = attempt === null ? null : join(logDirectory(context.settings, wanted.id, attempt.number), wanted.file);
    const bytes = path === null ? null : await readFrom(path, position);
    if (bytes !== null) {
      found = true;
      position += bytes.length;
      yield decoder.decode(bytes, { stream: true });
    }
    if (over || !follow || signal.aborted) break;
    await pause(200, undefined, { signal }).catch(() => undefined);
  }
  if (!found) throw await noLog(context, wanted);
}

async function chooseAttempt(context: TrunkContext, { id, attempt }: WantedLog) {
  const attempts = await listAttempts(context.db, id);
  if (attempt !== null) return attempts.find(({ number }) => number === attempt) ?? null;
  // A retry that waits has no log yet; the one before it has.
  return attempts.findLast(({ state }) => state !== 'pending') ?? attempts.at(-1) ?? null;
}

async function readFrom(path: string, position: number): Promise<Buffer | null> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const buffer = Buffer.alloc(Math.max(0, size - position));
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

async function noLog(context: TrunkContext, wanted: WantedLog): Promise<TrunklineError> {
  const attempt = await chooseAttempt(context, wanted);
  const directory = attempt === null ? null : logDirectory(context.settings, wanted.id, attempt.number);
  const names = directory === null ? [] : await readdir(directory).catch(() => []);
  return new TrunklineError('not_found', `Build ${wanted.id} has no ${wanted.file}`, {
    hint:
      names.length === 0
        ? 'it has not been tried yet, or it failed before anything ran: see trunkline build show'
        : `there are: ${names.join(', ')} (--file)`,
  });
}
