import { closeDirectory, openDirectory, type TrunkContext } from '../../builds/index.ts';
import {
  deleteLeftover,
  findRef,
  listBuildsIn,
  listLeftovers,
  listPublishedVersions,
  newestSuccesses,
  updateBuild,
} from '../../db/index.ts';
import type { Build, Target } from '../../model/index.ts';
import { isInCurrent } from './keepers.ts';

/**
 * Removes the files of what the database says is gone, of a target; also what a killed process had begun. First nothing leads to a snapshot any more,
 * then it goes, then its packages. The directories of newest successes lead to `current` from then on, which has their packages.
 */
export async function finishRemovals(context: TrunkContext, target: Target): Promise<void> {
  const { db } = context;
  const repository = context.repository(target);
  const leftovers = await listLeftovers(db, target.name);
  const newest = leftovers.length === 0 ? [] : await newestSuccesses(db, target.name);
  const byId = new Map(newest.map((build) => [build.id, build]));
  for (const leftover of leftovers) {
    if (leftover.kind === 'package') await repository.removePackage(leftover.name);
    else {
      for (const id of await listBuildsIn(db, target.name, leftover.name)) await leadAway(context, id, byId.get(id));
      await repository.dematerialise(leftover.name);
    }
    await deleteLeftover(db, leftover);
  }
}

/** The directory first: until the database knows, the snapshot is still to be removed, and all of this is done again. */
async function leadAway(context: TrunkContext, id: number, newest: Build | undefined): Promise<void> {
  const snapshot = newest === undefined ? null : await currentWith(context, newest);
  if (snapshot === null) await closeDirectory(context, id);
  else await openDirectory(context, id, snapshot);
  await updateBuild(context.db, id, { snapshot });
}

/** The snapshot `current` points at, where it has what a build published; or null. */
async function currentWith(context: TrunkContext, { id, project, target }: Build): Promise<string | null> {
  const current = await findRef(context.db, target, 'current');
  const published = await listPublishedVersions(context.db, project, target);
  const attempt = published.find(({ buildId }) => buildId === id)?.attemptId;
  const has = attempt !== undefined && (await isInCurrent(context, target, project, attempt));
  return has && current !== null ? current.snapshotHash : null;
}
