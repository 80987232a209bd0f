import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PieceAnswer } from '../../api/index.ts';
import { createRedactor, errnoOf, fileSystemError, TrunklineError, type Redactor } from '../../lib/index.ts';
import type { Failure } from '../failure.ts';
import { sizeOf, type Piece } from './pieces.ts';
import type { Session } from './session.ts';

/** A log on its way from a worker. What it says is written redacted; offsets are those of what it has. */
export interface ReceivedLog {
  /** Bytes received. */
  received: number;
  redactor: Redactor;
  /** Bytes that came out of the redactor. */
  shown: number;
  /** Bytes that were here before this process had any: a worker that says all of it again says the same. */
  present: number;
}

/** Logs of one attempt; a builder leaves four at most. */
const MOST_LOGS = 16;
const CUT = '\n[cut here: the log is longer than limits.output]\n';

/** Bytes after which no more of a log is taken: what the limit allows, and what builders write of themselves. */
function logLimit({ progress }: Session): number {
  return progress.target.limits.output + 1024 ** 2;
}

/** A piece of a log. One that is longer than allowed ends with a line that says so. @throws TrunklineError `invalid_argument` for too many logs */
export async function takeLog(session: Session, name: string, { offset, body }: Piece): Promise<PieceAnswer> {
  const path = join(session.progress.logs, name);
  const log = session.logs.get(name) ?? (await beginLog(session, name, path));
  const limit = logLimit(session);
  const answer = () => ({ offset: log.received, whole: false, cut: log.received >= limit });
  if (offset > log.received || offset + body.length <= log.received || log.received >= limit) return answer();
  const fresh = body.subarray(log.received - offset, limit - offset);
  try {
    await write(path, log, log.redactor.push(fresh), 'a');
    log.received += fresh.length;
    if (log.received >= limit) await write(path, log, Buffer.concat([log.redactor.end(), Buffer.from(CUT)]), 'a');
  } catch (error) {
    // The worker says all of it again.
    session.logs.delete(name);
    throw fileSystemError(error, path);
  }
  return answer();
}

async function beginLog(session: Session, name: string, path: string): Promise<ReceivedLog> {
  const names = await readdir(session.progress.logs);
  if (!names.includes(name) && names.length >= MOST_LOGS)
    throw new TrunklineError('invalid_argument', `An attempt has at most ${String(MOST_LOGS)} logs`);
  const log = { received: 0, redactor: createRedactor(), shown: 0, present: await sizeOf(path) };
  session.logs.set(name, log);
  return log;
}

async function write(path: string, log: ReceivedLog, shown: Buffer, flags: string | number): Promise<void> {
  const fresh = shown.subarray(Math.max(0, Math.min(shown.length, log.present - log.shown)));
  if (fresh.length > 0) {
    const handle = await open(path, flags, 0o644);
    try {
      await handle.writeFile(fresh);
    } finally {
      await handle.close();
    }
  }
  log.shown += shown.length;
}

/** Writes what was held back of unfinished lines: nothing more comes. A log that is in its place no more stays away. */
export async function endLogs({ logs, progress }: Pick<Session, 'logs' | 'progress'>): Promise<void> {
  for (const [name, log] of logs) {
    const path = join(progress.logs, name);
    await write(path, log, log.redactor.end(), constants.O_WRONLY | constants.O_APPEND).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw fileSystemError(error, path);
    });
  }
}

/** Whether a log has reached its limit: the attempt fails, whatever is said of it. */
export async function longLog(session: Session): Promise<Failure | null> {
  const limit = logLimit(session);
  const { logs } = session.progress;
  for (const name of await readdir(logs))
    if ((session.logs.get(name)?.received ?? 0) >= limit || (await sizeOf(join(logs, name))) >= limit)
      return { reason: 'build_failed', detail: `${name} has more than ${String(limit)} bytes (limits.output)` };
  return null;
}
