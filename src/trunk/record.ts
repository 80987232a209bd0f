import { requireTarget, type TrunkContext } from '../builds/index.ts';
import {
  insertBuild,
  insertRevision,
  listBuilds,
  moveCursor,
  newestRevision,
  skipBuild,
  type Tx,
} from '../db/index.ts';
import type { CommitInfo, FormatName, Project, Revision } from '../model/index.ts';
import { enqueue, rankProject } from '../queue/index.ts';

/** A revision that discovery found, and why it is to be built. */
export interface FoundRevision {
  upstream: CommitInfo;
  distgit: CommitInfo;
  why: 'first' | 'new_commit' | 'new_packaging' | 'history_rewritten' | 'new_target';
}

/** What is new of one project's packaging in one format. */
export interface Found {
  project: Project;
  format: FormatName;
  /** In history order. */
  revisions: readonly FoundRevision[];
  /** How far discovery has come, or null to leave it where it was. */
  cursor: { upstreamHash: string; distgitHash: string } | null;
}

export interface RecordOptions {
  /** Of each project, build the newest revision only; the others are recorded as skipped. */
  headOnly: boolean;
  /** Claim order by project; null: as a server ranks what waits, each project's newest commit before all backlogs. */
  priorities: ReadonlyMap<string, number> | null;
}

/** Writes what was found, as builds in the queue, in one transaction. Answers how many builds wait that did not before. */
export async function recordFound(context: TrunkContext, found: Found, options: RecordOptions): Promise<number> {
  const { project, format } = found;
  const now = context.now();
  const targets = targetsOf(context, project, format);
  return context.db.transaction(async (tx) => {
    let queued = 0;
    for (const [index, { upstream, distgit }] of found.revisions.entries()) {
      const { revision } = await insertRevision(tx, { project: project.name, format, upstream, distgit, now });
      const skip = options.headOnly && index < found.revisions.length - 1;
      for (const target of targets) queued += await addBuild(tx, revision, target, skip, options, now);
    }
    queued += await addNewTargets(tx, found, targets, options, now);
    if (options.priorities === null && queued > 0)
      for (const target of targets) await rankProject(tx, { project: project.name, target });
    if (found.cursor !== null) await moveCursor(tx, { project: project.name, format }, found.cursor, now);
    return queued;
  });
}

/** A target that was given to a project later starts with its newest revision. */
async function addNewTargets(
  tx: Tx,
  { project, format }: Found,
  targets: readonly string[],
  options: RecordOptions,
  now: number,
): Promise<number> {
  const newest = await newestRevision(tx, { project: project.name, format });
  if (newest === null) return 0;
  let queued = 0;
  for (const target of targets) {
    const [known] = await listBuilds(tx, { project: project.name, target, limit: 1 });
    if (known === undefined) queued += await addBuild(tx, newest, target, false, options, now);
  }
  return queued;
}

async function addBuild(
  tx: Tx,
  revision: Revision,
  target: string,
  skip: boolean,
  options: RecordOptions,
  now: number,
): Promise<number> {
  const { build, inserted } = await insertBuild(tx, { revision, target, now });
  if (!inserted) return 0;
  if (skip) {
    await skipBuild(tx, build.id, {
      reason: 'superseded',
      detail: 'a newer commit was built instead (--head-only)',
      now,
    });
    return 0;
  }
  await enqueue(tx, build, { priority: options.priorities?.get(revision.project) ?? 0, now });
  return 1;
}

/** The targets of a project that take a format, by name. */
export function targetsOf(context: TrunkContext, project: Project, format: FormatName): string[] {
  return project.targets.filter((name) => requireTarget(context.settings, name).format === format);
}
