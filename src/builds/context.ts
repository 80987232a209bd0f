import { join } from 'node:path';
import type { Db } from '../db/index.ts';
import type { Bell, Logger, Mutexes } from '../lib/index.ts';
import type { Settings, Target } from '../model/index.ts';
import type { Repository } from '../repos/index.ts';
import type { Mirrors } from './mirrors.ts';
import type { Workplace } from './run/index.ts';

export { requireProject, requireTarget } from '../model/index.ts';

/** What the trunk line works with; made by app/. */
export interface TrunkContext extends Workplace {
  settings: Settings;
  db: Db;
  /** The published repository of a target. */
  repository: (target: Target) => Repository;
  mirrors: Mirrors;
  /** Rung when there is something new in the queue. */
  queueBell: Bell;
  /** One holder at a time for each name. */
  mutexes: Mutexes;
  /** Ids of attempts whose result this process has made visible; the outbox asks for it again after a crash. */
  shown: Set<number>;
  log: Logger;
  /** This process among the servers of one database, stable over restarts: `<host>-<digits>`. The lock on its local directory makes it the only one. */
  server: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Directory of one attempt's logs, kept for good. */
export function logDirectory(settings: Settings, buildId: number, attempt: number): string {
  return join(settings.dataDir, 'logs', String(buildId), String(attempt));
}

/** Directory an attempt works in, removed when it ends and at start-up. */
export function scratchDirectory(settings: Settings, attemptId: number): string {
  return join(settings.localDir, 'scratch', `attempt-${attemptId}`);
}
