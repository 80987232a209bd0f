import { logDirectory, type TrunkContext } from '../builds/index.ts';
import { listLogs, logBytes, logPath, openLog } from '../builds/logs/index.ts';
import { listAttempts, requireBuild } from '../db/index.ts';
import { pauseFor, TrunklineError } from '../lib/index.ts';

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
  const pathOf = (attempt: number) => logPath(context.settings, { buildId: wanted.id, attempt, file: wanted.file });
  // Refused before anything is looked for.
  pathOf(0);
  await requireBuild(context.db, wanted.id);
  const decoder = new TextDecoder();
  let position = 0;
  let found = false;
  for (;;) {
    const attempt = await chooseAttempt(context, wanted);
    const over = attempt === null || attempt.state === 'finished';
    const log = attempt === null ? null : await openLog(pathOf(attempt.number));
    if (log !== null) {
      found = true;
      try {
        for await (const bytes of logBytes(log, position)) {
          position += bytes.length;
          yield decoder.decode(bytes, { stream: true });
        }
      } finally {
        await log.close();
      }
    }
    if (over || !follow || signal.aborted) break;
    await pauseFor(200, signal);
  }
  if (!found) throw await noLog(context, wanted);
}

async function chooseAttempt(context: TrunkContext, { id, attempt }: WantedLog) {
  const attempts = await listAttempts(context.db, id);
  if (attempt !== null) return attempts.find(({ number }) => number === attempt) ?? null;
  // A retry that waits has no log yet; the one before it has.
  return attempts.findLast(({ state }) => state !== 'pending') ?? attempts.at(-1) ?? null;
}

async function noLog(context: TrunkContext, wanted: WantedLog): Promise<TrunklineError> {
  const attempt = await chooseAttempt(context, wanted);
  const directory = attempt === null ? null : logDirectory(context.settings, wanted.id, attempt.number);
  const names = directory === null ? [] : await listLogs(directory);
  return new TrunklineError('not_found', `Build ${wanted.id} has no ${wanted.file}`, {
    hint:
      names.length === 0
        ? 'it has not been tried yet, or it failed before anything ran: see trunkline build show'
        : `there are: ${names.join(', ')} (--file)`,
  });
}
