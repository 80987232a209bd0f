import { closeDirectory, type TrunkContext } from '../../builds/index.ts';
import { listBuildsIn, listLeftSince, listSnapshots, newestSuccesses } from '../../db/index.ts';
import { describeError } from '../../lib/index.ts';
import type { Target } from '../../model/index.ts';
import { createUsers } from '../collect/index.ts';

/** Snapshots of a target whose files were taken away. */
export interface Released {
  target: string;
  snapshots: readonly string[];
}

/**
 * Takes the files of snapshots away that nobody is promised any more, by `materialised` of the configuration; what they are stays known, and
 * `materialiseSnapshot` makes them again. Costs a look into a directory where there is nothing to do, so that it may be called after every publication.
 * A target whose files cannot be removed is said in the log; the next call tries again.
 */
export async function releaseSnapshots(context: TrunkContext): Promise<Released[]> {
  const released: Released[] = [];
  for (const target of context.settings.targets) {
    try {
      const snapshots = await releaseOf(context, target);
      if (snapshots.length > 0) released.push({ target: target.name, snapshots });
    } catch (error) {
      context.log.warn({ target: target.name }, `files of old snapshots could not be removed: ${describeError(error)}`);
    }
  }
  return released;
}

async function releaseOf(context: TrunkContext, target: Target): Promise<string[]> {
  const repository = context.repository(target);
  const { keepLast, grace } = context.settings.materialised;
  if ((await repository.materialised()).length <= keepLast) return [];
  // No snapshot is between its writing and its recording meanwhile, and no ref is moved by hand.
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    const since = context.now() - grace * 1000;
    const kept = await keptAsFiles(context, target.name, { keepLast, since });
    const gone: string[] = [];
    for (const hash of await repository.materialised()) {
      const askedFor = kept.has(hash) ? null : await repository.materialisedAt(hash);
      if (askedFor === null || askedFor > since) continue;
      await releaseOne(context, target, hash);
      gone.push(hash);
    }
    if (gone.length > 0)
      await context.mutexes.hold(`show ${target.name}`, () => repository.sweepIndices(context.now()));
    return gone;
  });
}

/**
 * The snapshots that a plain web server is to have: what somebody reads, what refs pointed at a moment ago (a client may have read the mirror list just
 * before), the newest, and those to which the directories of newest successes lead.
 */
async function keptAsFiles(
  context: TrunkContext,
  target: string,
  { keepLast, since }: { keepLast: number; since: number },
): Promise<Set<string>> {
  const { db } = context;
  const used = await Promise.all(createUsers(context).map((keeper) => keeper.snapshots(target)));
  return new Set([
    ...used.flat().map(({ hash }) => hash),
    ...(await listLeftSince(db, target, since)),
    ...(await listSnapshots(db, target, { limit: keepLast })).map(({ hash }) => hash),
    ...(await newestSuccesses(db, target)).map(({ snapshot }) => snapshot ?? ''),
  ]);
}

/** First nothing leads to it any more. A process killed in between leaves it to the next call. */
async function releaseOne(context: TrunkContext, target: Target, hash: string): Promise<void> {
  await context.mutexes.hold(`show ${target.name}`, async () => {
    for (const id of await listBuildsIn(context.db, target.name, hash)) await closeDirectory(context, id);
    await context.repository(target).dematerialise(hash);
  });
}
