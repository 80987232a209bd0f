import type { TrunkContext } from '../../builds/index.ts';
import {
  deleteNodes,
  findAnnouncements,
  listNodeHashes,
  listPresentPackages,
  listPresentRoots,
  listPresentSnapshots,
  markAnnounced,
  markGone,
  readNodes,
  type Collectable,
} from '../../db/index.ts';
import { audit } from '../../events/index.ts';
import type { Target } from '../../model/index.ts';
import { holdAll } from '../../promotion/index.ts';
import { decidePackages, decideSnapshots, reachFrom, type Keeper } from '../../repos/index.ts';
import { announce } from './announce.ts';
import { finishRemovals } from './finish.ts';

export interface CollectOptions {
  /** Remove at once what nobody was told of. */
  immediate: boolean;
  dryRun: boolean;
  actor: string;
  /** Builds are being made meanwhile. */
  beside?: boolean;
}

/** What one run does, or would do, of one target. */
export interface Collected {
  target: string;
  /** Hashes and digests. */
  removed: Removal;
  announced: Removal & { goesAt: number; told: readonly string[] };
  /** Snapshots that something needs again. */
  withdrawn: readonly string[];
  /** Snapshots announced before, whose time has not come. */
  waiting: readonly string[];
  kept: number;
}

export interface Removal {
  snapshots: readonly string[];
  /** Full names. */
  packages: readonly string[];
  /** Bytes of the packages. */
  size: number;
}

/**
 * Looks at everything of a target: announces what nothing keeps, and removes what was announced and whose time has come. Nothing is published there
 * meanwhile. The caller holds the data directory's lock.
 */
export function collectTarget(
  context: TrunkContext,
  target: Target,
  keepers: readonly Keeper[],
  options: CollectOptions,
): Promise<Collected> {
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    const plan = await planTarget(context, target, keepers, options);
    if (options.dryRun) return plan.collected;
    const told = await carryOut(context, target, plan, options);
    await context.mutexes.hold(`show ${target.name}`, () => finishRemovals(context, target));
    return { ...plan.collected, announced: { ...plan.collected.announced, told } };
  });
}

type Plan = Awaited<ReturnType<typeof planTarget>>;

async function planTarget(context: TrunkContext, target: Target, keepers: readonly Keeper[], options: CollectOptions) {
  const { db } = context;
  const now = context.now();
  const kept = new Set<string>();
  for (const keeper of keepers) for (const { hash } of await keeper.snapshots(target.name)) kept.add(hash);
  const snapshots = await withPromises(context, await listPresentSnapshots(db, target.name));
  const fate = decideSnapshots(snapshots, kept, { now, immediate: options.immediate });
  const packages = (await listPresentPackages(db, target.name)).map((one) => ({
    ...one,
    announced: null,
    isAnnounced: one.announcementId !== null,
  }));
  const leaving = new Set(fate.remove);
  const store = { read: (hashes: readonly string[]) => readNodes(db, hashes) };
  const remaining = await reachFrom(
    store,
    snapshots.filter(({ id }) => !leaving.has(id)).map(({ id }) => id),
  );
  const keptBy = await reachFrom(
    store,
    snapshots.filter(({ id }) => kept.has(id)).map(({ id }) => id),
  );
  const sets = { keptBy: new Set(keptBy.packages.keys()), remaining: new Set(remaining.packages.keys()) };
  const going = decidePackages(packages, sets);
  const sized = (hashes: readonly string[], digests: readonly string[]): Removal => {
    const wanted = new Set(digests);
    const found = packages.filter(({ id }) => wanted.has(id));
    const size = found.reduce((sum, one) => sum + one.size, 0);
    return { snapshots: hashes, packages: found.map(({ fullName }) => fullName), size };
  };
  const collected: Collected = {
    target: target.name,
    removed: sized(fate.remove, going.remove),
    announced: { ...sized(fate.announce, going.announce), goesAt: now + context.settings.gc.grace * 1000, told: [] },
    withdrawn: fate.withdraw,
    waiting: fate.waiting,
    kept: snapshots.filter(({ id }) => kept.has(id)).length,
  };
  return { fate, going, owners: remaining.packages, collected };
}

async function withPromises(context: TrunkContext, snapshots: readonly Collectable[]) {
  const ids = [...new Set(snapshots.map(({ announcementId }) => announcementId).filter((id) => id !== null))];
  const said = await findAnnouncements(context.db, ids);
  return snapshots.map(({ id, announcementId }) => {
    const promise = said.get(announcementId ?? 0);
    return { id, announced: promise === undefined ? null : { goesAt: promise.goesAt, told: promise.told.length } };
  });
}

/** In one transaction everything that is said; files come after it. Answers who is told. */
async function carryOut(
  context: TrunkContext,
  target: Target,
  { fate, going, owners, collected }: Plan,
  { actor }: CollectOptions,
): Promise<readonly string[]> {
  const now = context.now();
  return context.db.transaction(async (tx) => {
    await markAnnounced(tx, target.name, { snapshots: fate.withdraw, packages: going.withdraw }, null);
    await markGone(tx, target.name, { snapshots: fate.remove, packages: going.remove }, now);
    const summary = `${String(fate.remove.length)} snapshots and ${String(going.remove.length)} packages removed, ${String(fate.announce.length)} and ${String(going.announce.length)} announced`;
    if (collected.removed.snapshots.length + fate.announce.length + going.remove.length > 0)
      await audit(tx, { actor, action: 'collect', subject: `target/${target.name}`, reason: summary }, now);
    if (fate.announce.length + going.announce.length === 0) return [];
    const projects = new Set(going.announce.map((digest) => owners.get(digest) ?? ''));
    const marks = { snapshots: fate.announce, packages: going.announce };
    return announce(context, tx, { target: target.name, marks, projects, actor });
  });
}

/** Removes what no snapshot of any target consists of, and what nothing names any more. Answers how much. */
export async function sweep(context: TrunkContext): Promise<{ nodes: number; indices: number; packages: number }> {
  const { db } = context;
  const swept = { nodes: await sweepNodes(context), indices: 0, packages: 0 };
  for (const target of context.settings.targets)
    await context.mutexes.hold(`publish ${target.name}`, async () => {
      const known = new Set((await listPresentPackages(db, target.name)).map(({ id }) => id));
      const { indices, packages } = await context.repository(target).sweep(known, context.now());
      swept.indices += indices;
      swept.packages += packages;
    });
  return swept;
}

/**
 * A snapshot's nodes are written before it is recorded, and all targets share them: while they go, nothing is published on any. What takes time, the walk
 * through all snapshots, is done before that; then only those count that have come since. Whoever publishes next, here or elsewhere, forgets first what
 * is remembered of them (`Repositories.catchUp`).
 */
async function sweepNodes(context: TrunkContext): Promise<number> {
  const { db, settings } = context;
  const store = { read: (hashes: readonly string[]) => readNodes(db, hashes) };
  const all = await listNodeHashes(db);
  const roots = await listPresentRoots(db);
  const { nodes } = await reachFrom(store, roots);
  const unreached = all.filter((hash) => !nodes.has(hash));
  if (unreached.length === 0) return 0;
  const targets = settings.targets.map(({ name }) => name).sort();
  return holdAll(context.mutexes, targets, async () => {
    const seen = new Set(roots);
    const since = await reachFrom(
      store,
      (await listPresentRoots(db)).filter((root) => !seen.has(root)),
    );
    const gone = unreached.filter((hash) => !since.nodes.has(hash));
    await db.transaction((tx) => deleteNodes(tx, gone));
    return gone.length;
  });
}
