import type {
  Builder,
  FormatName,
  PackageFormat,
  Project,
  Revision,
  Settings,
  SettingsLimits,
  Target,
} from '../../model/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { Mirrors } from '../mirrors.ts';

/** What a build is made with, on the server or on a worker's machine: no database, no key. */
export interface Workplace {
  settings: Pick<Settings, 'file' | 'dataDir' | 'localDir'> & { limits: Pick<SettingsLimits, 'sourceSize'> };
  formats: Readonly<Record<FormatName, PackageFormat>>;
  builders: ReadonlyMap<string, Builder>;
  mirrors: Pick<Mirrors, 'of'>;
}

/** What is to be made, and where. */
export interface Work {
  revision: Revision;
  project: Project;
  target: Target;
  /** A directory of its own; exists, and is removed when the work is over. */
  scratch: string;
  /** Directory of the logs; exists. */
  logs: string;
  signal: AbortSignal;
  /** Seconds by phase; what is done is added. */
  timings: Record<string, number>;
}

/** @throws TrunklineError `unsupported` when no such builder is registered. */
export function requireBuilder({ builders }: Pick<Workplace, 'builders'>, target: Target): Builder {
  const builder = builders.get(target.builder);
  if (builder !== undefined) return builder;
  throw new TrunklineError(
    'unsupported',
    `Target ${target.name} names the builder ${target.builder}, which is not there`,
    { hint: `the builders are: ${[...builders.keys()].join(', ')}` },
  );
}

/** Adds phases to a record of seconds by phase. */
export function add(timings: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [phase, seconds] of Object.entries(more)) timings[phase] = (timings[phase] ?? 0) + seconds;
}
