import type { TrunkContext } from '../builds/index.ts';
import { listAttempts, listBuilds, newestRevision } from '../db/index.ts';
import type { AttemptKind, Revision } from '../model/index.ts';
import { targetsOf, type Found, type FoundRevision } from './record.ts';

/** A build that a run would make, and why. */
export interface PlannedBuild {
  project: string;
  target: string;
  commit: string;
  subject: string;
  why: FoundRevision['why'] | AttemptKind;
  /** Recorded, but not built: `--head-only` takes a newer commit. */
  skipped: boolean;
}

export interface Selection {
  projects: readonly string[];
  targets: readonly string[];
  headOnly: boolean;
}

/** What is new, and what waits in the queue from before, as builds. Reads only. */
export async function planBuilds(
  context: TrunkContext,
  found: readonly Found[],
  selection: Selection,
): Promise<PlannedBuild[]> {
  const planned: PlannedBuild[] = [];
  for (const one of found) planned.push(...(await planFound(context, one, selection)));
  return [...(await planQueued(context, selection)), ...planned];
}

async function planFound(
  context: TrunkContext,
  { project, format, revisions }: Found,
  { targets, headOnly }: Selection,
): Promise<PlannedBuild[]> {
  const wanted = targetsOf(context, project, format).filter((target) => targets.includes(target));
  if (revisions.length > 0)
    return revisions.flatMap((revision, index) =>
      wanted.map((target) => ({
        ...described(project.name, target, revision),
        why: revision.why,
        skipped: headOnly && index < revisions.length - 1,
      })),
    );
  const newest = await newestRevision(context.db, { project: project.name, format });
  if (newest === null) return [];
  const planned: PlannedBuild[] = [];
  for (const target of wanted) {
    const [known] = await listBuilds(context.db, { project: project.name, target, limit: 1 });
    if (known === undefined)
      planned.push({ ...described(project.name, target, newest), why: 'new_target', skipped: false });
  }
  return planned;
}

async function planQueued(context: TrunkContext, { projects, targets }: Selection): Promise<PlannedBuild[]> {
  const waiting = await listBuilds(context.db, { state: 'pending', limit: 100_000 });
  const planned: PlannedBuild[] = [];
  for (const { build, revision } of waiting) {
    if (!projects.includes(build.project) || !targets.includes(build.target)) continue;
    const open = (await listAttempts(context.db, build.id)).findLast(({ state }) => state === 'pending');
    if (open !== undefined)
      planned.push({ ...described(build.project, build.target, revision), why: open.kind, skipped: false });
  }
  return planned;
}

function described(project: string, target: string, { upstream }: Pick<Revision, 'upstream'>) {
  return { project, target, commit: upstream.hash, subject: upstream.subject };
}
