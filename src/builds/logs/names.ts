import { join } from 'node:path';
import { namesIn, TrunklineError } from '../../lib/index.ts';
import type { Settings } from '../../model/index.ts';
import { logDirectory } from '../context.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,100}$/;

/** What is added to the name of a log that is kept compressed. */
export const PACKED = '.gz';

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

/** Where a log is or will be while it is not compressed. @throws TrunklineError `invalid_argument` for what cannot be the name of a log */
export function logPath(settings: Settings, { buildId, attempt, file }: LogName): string {
  if (isLogName(file)) return join(logDirectory(settings, buildId, attempt), file);
  throw new TrunklineError('invalid_argument', `${JSON.stringify(file.slice(0, 100))} is not the name of a log`, {
    hint: 'build.log is there as a rule; an attempt lists its logs',
  });
}

/** Names of the logs in a directory, compressed or not, in order; none where there is no such directory. */
export async function listLogs(directory: string): Promise<string[]> {
  const names = await namesIn(directory);
  const logs = names.map((name) => (name.endsWith(PACKED) ? name.slice(0, -PACKED.length) : name)).filter(isLogName);
  return [...new Set(logs)].sort();
}
