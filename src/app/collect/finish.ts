import { closeDirectory, type TrunkContext } from '../../builds/index.ts';
import { deleteLeftover, listBuildsIn, listLeftovers, updateBuild } from '../../db/index.ts';
import type { Target } from '../../model/index.ts';

/**
 * Removes the files of what the database says is gone, of a target; also what a killed process had begun. First nothing leads to a snapshot any more,
 * then it goes, then its packages.
 */
export async function finishRemovals(context: TrunkContext, target: Target): Promise<void> {
  const repository = context.repository(target);
  for (const leftover of await listLeftovers(context.db, target.name)) {
    if (leftover.kind === 'package') await repository.removePackage(leftover.name);
    else {
      for (const id of await listBuildsIn(context.db, target.name, leftover.name)) {
        await closeDirectory(context, id);
        await updateBuild(context.db, id, { snapshot: null });
      }
      await repository.dematerialise(leftover.name);
    }
    await deleteLeftover(context.db, leftover);
  }
}
