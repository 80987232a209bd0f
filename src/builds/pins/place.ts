import { findBuild, insertSnapshot, listAttemptPackages, type DbOrTx, type Tx } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { PublishedPackage, Target } from '../../model/index.ts';
import { showRefs } from '../../promotion/index.ts';
import { moveCurrent, writeNext } from '../publish/index.ts';
import type { TrunkContext } from '../context.ts';
import { currentSnapshot } from '../verify.ts';

/** What of a project is to stand in `current`. */
export interface Placing {
  target: Target;
  project: string;
  /** The place of its revision in the project's history. */
  sequence: number;
  buildId: number;
  attemptId: number;
  actor: string;
  reason: string;
}

/**
 * Makes a snapshot of `current` in which a project has the packages of one attempt, moves `current` to it, and records in the same transaction what
 * `record` does. Where `current` has them already, `record` is all that is done.
 * @returns the snapshot that was made, or null
 * @throws TrunklineError `repository_conflict` when another project owns a name by now, `not_found` when a package was removed
 */
export async function placeInCurrent(
  context: TrunkContext,
  placing: Placing,
  record: (tx: Tx) => Promise<unknown>,
): Promise<string | null> {
  const { target } = placing;
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    const parent = await currentSnapshot(context, target);
    const packages = await packagesOf(context.db, placing);
    const next = await listed(context, placing, parent, packages);
    if (next === parent || next === null) {
      await context.db.transaction(record);
      return null;
    }
    await publishNext(context, placing, { parent, next, record });
    await showRefs(context, target);
    return next;
  });
}

async function publishNext(
  context: TrunkContext,
  { target, buildId, actor, reason }: Placing,
  { parent, next, record }: { parent: string | null; next: string; record: (tx: Tx) => Promise<unknown> },
): Promise<void> {
  const now = context.now();
  const snapshot = await writeNext(context, target, { hash: next, parent });
  await context.db.transaction(async (tx) => {
    await insertSnapshot(tx, { ...snapshot, buildId, createdAt: now });
    await moveCurrent(context, tx, { snapshot, actor, reason }, now);
    await record(tx);
  });
}

/** The snapshot that follows, or null where the project has these packages in `current`. */
async function listed(
  context: TrunkContext,
  { target, project, sequence, buildId }: Placing,
  parent: string | null,
  packages: readonly PublishedPackage[],
): Promise<string | null> {
  const repository = context.repository(target);
  const there = new Set((await repository.ofProject(parent, project)).map(({ sha256 }) => sha256));
  if (there.size === packages.length && packages.every(({ sha256 }) => there.has(sha256))) return null;
  const files = packages.map(({ sha256, size, ...identity }) => ({ sha256, size, identity }));
  const published = (await findBuild(context.db, buildId))?.snapshot ?? null;
  const supplements = published === null ? {} : { supplements: await repository.supplementsOf(published, project) };
  return repository.next(parent, { project, sequence, packages: files, ...supplements });
}

async function packagesOf(db: DbOrTx, { target, project, attemptId }: Placing): Promise<PublishedPackage[]> {
  const packages = await listAttemptPackages(db, attemptId);
  if (packages.length > 0) return packages;
  throw new TrunklineError('not_found', `Nothing of ${project} was published by that attempt for ${target.name}`);
}
