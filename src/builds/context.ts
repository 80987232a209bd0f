import { join } from 'node:path';
import type { Db } from '../db/index.ts';
import type { Logger, Mutexes } from '../lib/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Builder, FormatName, PackageFormat, Settings, Target } from '../model/index.ts';
import type { Repository } from '../repos/index.ts';
import type { Mirrors } from './mirrors.ts';

export { requireProject, requireTarget } from '../model/index.ts';

/** What the trunk line works with; made by app/. */
export interface TrunkContext {
  settings: Settings;
  db: Db;
  formats: Readonly<Record<FormatName, PackageFormat>>;
  builders: ReadonlyMap<string, Builder>;
  /** The published repository of a target. */
  repository: (target: Target) => Repository;
  mirrors: Mirrors;
  /** One holder at a time for each name. */
  mutexes: Mutexes;
  /** Ids of attempts whose result this process has made visible; the outbox asks for it again after a crash. */
  shown: Set<number>;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** @throws TrunklineError `unsupported` when no such builder is registered. */
export function requireBuilder(context: Pick<TrunkContext, 'builders'>, target: Target): Builder {
  const builder = context.builders.get(target.builder);
  if (builder !== undefined) return builder;
  throw new TrunklineError(
    'unsupported',
    `Target ${target.name} names the builder ${target.builder}, which is not there`,
    {
      hint: `the builders are: ${[...context.builders.keys()].join(', ')}`,
    },
  );
}

/** Directory of one attempt's logs, kept for good. */
export function logDirectory(settings: Settings, buildId: number, attempt: number): string {
  return join(settings.dataDir, 'logs', String(buildId), String(attempt));
}

/** Directory an attempt works in, removed when it ends and at start-up. */
export function scratchDirectory(settings: Settings, attemptId: number): string {
  return join(settings.dataDir, 'scratch', `attempt-${attemptId}`);
}
