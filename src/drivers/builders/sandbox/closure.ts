import { TrunklineError } from '../../../lib/index.ts';
import { openJail, type Jail, type JailResult } from '../../../lib/jail/index.ts';
import type { LocalRepository, Target } from '../../../model/index.ts';
import { missingPaths } from './base-repositories.ts';
import { debClosure } from './closure-deb.ts';
import { rpmClosure } from './closure-rpm.ts';

/** A package that cannot be installed from a repository and the base repositories together. */
export interface UnmetPackage {
  /** Name, version and architecture as the solver says them. */
  package: string;
  /** The requirements nobody meets, in the format's notation, or the conflicts in the solver's words. */
  unmet: readonly string[];
}

/** One closure check under way. */
export interface ClosureRun {
  jail: Jail;
  target: Target;
  repository: LocalRepository;
}

/** Packages lists of a whole distribution take dose-debcheck a gigabyte. */
const LIMITS = { memory: 4 * 1024 ** 3, processes: 64, disk: 2 * 1024 ** 3 };
/** Seconds, downloading the lists of a distribution included. */
export const TIMEOUT = 900;

/**
 * The packages of a repository whose dependencies are met neither in it nor in the target's base repositories, by the distribution's own tools (dnf
 * repoclosure, dose-debcheck), whatever builds for the target.
 * @throws TrunklineError `missing_tool` naming what to install; `process_failed` when a base repository cannot be read
 */
export async function findUnmet(
  target: Target,
  repository: LocalRepository,
  signal: AbortSignal,
): Promise<UnmetPackage[]> {
  const gone = await missingPaths(target);
  if (gone.length > 0)
    throw new TrunklineError('process_failed', `The base repository is not there: ${gone.join(', ')}`, {
      hint: 'check the base repositories of the target in the configuration',
    });
  const jail = await openJail({ label: 'closure', limits: LIMITS, signal });
  try {
    const run = { jail, target, repository };
    return await (target.format === 'rpm' ? rpmClosure(run) : debClosure(run));
  } finally {
    await jail.close();
  }
}

/** What a solver said. @throws TrunklineError when it did not come to an end, or is not there (exit code 127). */
export function answerOf(result: JailResult, okExitCodes: readonly number[], tools: string): string {
  if (result.stop !== null)
    throw new TrunklineError('process_failed', `Checking dependencies was ended by the limit on ${result.stop}`);
  if (result.exitCode === 127)
    throw new TrunklineError('missing_tool', `Checking dependencies needs ${tools}`, {
      hint: `install ${tools} with the package manager of this machine`,
    });
  if (okExitCodes.includes(result.exitCode)) return result.stdout;
  const words = result.stderr.trim().split('\n').slice(-5).join('; ');
  throw new TrunklineError('process_failed', `Checking dependencies failed (${result.exitCode}): ${words}`);
}
