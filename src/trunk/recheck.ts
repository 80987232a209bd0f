import { requireProject, type TrunkContext } from '../builds/index.ts';
import { listBuilds, requireBuild, type BuildWithRevision } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { recheck } from '../queue/index.ts';

export interface RecheckOptions {
  force: boolean;
  target: string | null;
  reason: string | null;
  actor: string;
}

export interface Rechecked {
  buildId: number;
  project: string;
  target: string;
  /** Whether an attempt was made; false when the build had one waiting. */
  made: boolean;
}

/**
 * Puts the newest build of a project on each of its targets back into the queue where it failed, and with `force` where it succeeded.
 * `which` is a project, or the number of a build: a project may be called by digits. @throws TrunklineError `not_found`, `invalid_argument` when there is nothing to recheck.
 */
export async function recheckProject(
  context: TrunkContext,
  which: string | number,
  options: RecheckOptions,
): Promise<Rechecked[]> {
  const builds =
    typeof which === 'number' ? [await requireBuild(context.db, which)] : await candidates(context, which, options);
  const { actor, force, reason } = options;
  const request = { actor, force, now: context.now(), ...(reason === null ? {} : { reason }) };
  const done: Rechecked[] = [];
  for (const { id, project, target } of builds) {
    const { made } = await recheck(context.db, id, request);
    done.push({ buildId: id, project, target, made });
  }
  return done;
}

async function candidates(context: TrunkContext, name: string, { force, target }: RecheckOptions) {
  const project = requireProject(context.settings, name);
  const newest: BuildWithRevision[] = [];
  for (const one of project.targets.filter((each) => target === null || each === target)) {
    const builds = await listBuilds(context.db, { project: name, target: one, limit: 1000 });
    const [last] = builds
      .filter(({ build }) => build.result !== 'skipped')
      .sort((a, b) => b.revision.sequence - a.revision.sequence);
    if (last !== undefined) newest.push(last);
  }
  const wanted = newest.map(({ build }) => build).filter(({ result }) => force || result !== 'success');
  if (wanted.length > 0) return wanted;
  const what = newest.length === 0 ? 'has no build yet' : 'has no failure to recheck';
  throw new TrunklineError('invalid_argument', `${name} ${what}${target === null ? '' : ` for ${target}`}`, {
    hint: newest.length === 0 ? 'trunkline run builds it' : 'use --force to build a success again',
  });
}
