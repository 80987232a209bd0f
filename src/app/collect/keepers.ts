import type { TrunkContext } from '../../builds/index.ts';
import {
  findBuild,
  findRef,
  findSnapshot,
  listAttemptPackages,
  listBuildsIn,
  listFirstSince,
  listHolds,
  listLeftSince,
  listMarks,
  listPins,
  listPresentSnapshots,
  listPublishedVersions,
  listRefs,
  listRunningInputs,
  newestPromotions,
  newestSuccess,
  newestSuccesses,
  requireBuild,
  retainedSince,
} from '../../db/index.ts';
import { requireTarget, type Build } from '../../model/index.ts';
import type { Keeper, Kept } from '../../repos/index.ts';

/** What is kept because it is new. */
export interface Retention {
  /** Seconds: younger snapshots are kept. */
  olderThan: number;
  /** The newest snapshots of a target that are kept. */
  keepLast: number;
}

/** Everything that keeps snapshots alive. A room that keeps more adds its keeper here. */
export function createKeepers(context: TrunkContext, retention: Retention): Keeper[] {
  return [...createUsers(context), newest(context), pins(context), retained(context, retention)];
}

/** Of those, the ones whose snapshots somebody reads, so that they have to exist as files too. */
export function createUsers(context: TrunkContext): Keeper[] {
  return [refs(context), holds(context), promotions(context), inTest(context), running(context)];
}

/** Milliseconds for which what a ref pointed at is kept while builds are made: longer than from a look at `current` to what is made of it. */
const JUST_NOW = 6 * 3_600_000;

/** What `current` or another ref pointed at a moment ago: something may be checked against it that does not say so. */
export function justLeft({ db, now }: TrunkContext): Keeper {
  return fewKept('just left', async (target) =>
    (await listLeftSince(db, target, now() - JUST_NOW)).map((hash) => ({
      hash,
      why: 'a ref pointed at it a moment ago, and something may be built or checked against it',
    })),
  );
}

/** A keeper whose whole list is short. */
function fewKept(name: string, snapshots: (target: string) => Promise<readonly Kept[]>): Keeper {
  return {
    name,
    snapshots,
    whySnapshot: async (target, hash) =>
      (await snapshots(target)).filter((one) => one.hash === hash).map(({ why }) => why),
    mayHave: snapshots,
  };
}

function refs({ db }: TrunkContext): Keeper {
  return fewKept('refs', async (target) =>
    (await listRefs(db, target)).map(({ name, snapshotHash }) => ({
      hash: snapshotHash,
      why: `the ref ${name} points at it`,
    })),
  );
}

function holds({ db, now }: TrunkContext): Keeper {
  return fewKept('holds', async (target) =>
    (await listHolds(db, { target, at: now() })).map(({ snapshotHash, actor, reason, until }) => {
      const end = until === null ? '' : ` until ${new Date(until).toISOString().slice(0, 16)}Z`;
      return { hash: snapshotHash, why: `${actor} holds it${end}: ${reason}` };
    }),
  );
}

/** What was promoted last under each name, and where the ref goes when the last promotion is taken back. */
function promotions({ db, settings }: TrunkContext): Keeper {
  return fewKept('promotions', async (target) => {
    const kept: Kept[] = [];
    for (const { name, id, snapshot, from, actor } of await newestPromotions(db, target, settings.gc.keepPromotions)) {
      kept.push({ hash: snapshot, why: `${actor} promoted it to ${name} (promotion ${String(id)})` });
      if (from !== null)
        kept.push({ hash: from, why: `${name} goes back to it when promotion ${String(id)} is taken back` });
    }
    return kept;
  });
}

/** What a CI system is at, until it says a verdict or its mark expires. */
function inTest({ db, now }: TrunkContext): Keeper {
  return fewKept('tests', async (target) =>
    (await listMarks(db, target, now())).map(({ snapshot, job, until }) => ({
      hash: snapshot,
      why: `${job} tests it, until ${new Date(until).toISOString().slice(0, 16)}Z at the latest`,
    })),
  );
}

function running({ db }: TrunkContext): Keeper {
  return fewKept('running', async (target) =>
    (await listRunningInputs(db, target)).map(({ buildId, snapshot }) => ({
      hash: snapshot,
      why: `build ${String(buildId)} is being made against it`,
    })),
  );
}

/** What a project is pinned to stands in `current`; after `current` was moved by hand, it may stand nowhere else than where it was published. */
function pins(context: TrunkContext): Keeper {
  return fewKept('pins', async (target) => {
    const kept: Kept[] = [];
    for (const pin of await listPins(context.db, { target })) {
      const published = await listPublishedVersions(context.db, pin.project, target);
      const buildId = published.find(({ attemptId }) => attemptId === pin.attemptId)?.buildId;
      const why = `${pin.project} is pinned to a version in it: ${pin.reason}`;
      if (buildId !== undefined) kept.push(...(await unlessInCurrent(context, { ...pin, id: buildId }, why)));
    }
    return kept;
  });
}

/** Each project's newest success. As a rule `current` has it; where it has not, the snapshot in which it was published stays. */
function newest(context: TrunkContext): Keeper {
  const why = ({ id, project }: Pick<Build, 'id' | 'project'>) =>
    `it has the newest success of ${project} (build ${String(id)}), which current has not`;
  /** The snapshot itself, once for each newest success that was published in it. */
  const published = async (target: string, hash: string) => {
    const kept: Kept[] = [];
    for (const id of await listBuildsIn(context.db, target, hash)) {
      const build = await newestBuildOf(context, id, target);
      if (build !== null) kept.push(...(await unlessInCurrent(context, build, why(build))));
    }
    return kept;
  };
  return {
    name: 'newest successes',
    snapshots: async (target) => {
      const kept: Kept[] = [];
      for (const build of await newestSuccesses(context.db, target))
        kept.push(...(await unlessInCurrent(context, build, why(build))));
      return kept;
    },
    whySnapshot: async (target, hash) => (await published(target, hash)).map((one) => one.why),
    mayHave: async (target, introducedBy) => {
      const kept: Kept[] = [];
      for (const hash of introducedBy) kept.push(...(await published(target, hash)));
      return kept;
    },
  };
}

async function newestBuildOf({ db }: TrunkContext, id: number, target: string): Promise<Build | null> {
  const { project } = await requireBuild(db, id);
  const build = await newestSuccess(db, project, target);
  return build?.id === id ? build : null;
}

/** The snapshot in which a build was published, unless `current` has all of its packages. */
async function unlessInCurrent(
  context: TrunkContext,
  build: { id: number; project: string; target: string; attemptId?: number },
  why: string,
): Promise<Kept[]> {
  const { id, project, target } = build;
  const published = await listPublishedVersions(context.db, project, target);
  const attempt = build.attemptId ?? published.find(({ buildId }) => buildId === id)?.attemptId;
  if (attempt === undefined) return [];
  if (await isInCurrent(context, target, project, attempt)) return [];
  const snapshot = (await findBuild(context.db, id))?.snapshot ?? null;
  return snapshot === null ? [] : [{ hash: snapshot, why }];
}

/** Whether `current` has what an attempt published. */
export async function isInCurrent(
  context: TrunkContext,
  target: string,
  project: string,
  attemptId: number,
): Promise<boolean> {
  const current = await findRef(context.db, target, 'current');
  if (current === null) return false;
  const repository = context.repository(requireTarget(context.settings, target));
  const there = new Set((await repository.ofProject(current.snapshotHash, project)).map(({ sha256 }) => sha256));
  return (await listAttemptPackages(context.db, attemptId)).every(({ sha256 }) => there.has(sha256));
}

function retained({ db, now }: TrunkContext, { olderThan, keepLast }: Retention): Keeper {
  const cutoff = (target: string) => retainedSince(db, target, { youngerThan: now() - olderThan * 1000, keepLast });
  const why = (createdAt: number) =>
    createdAt >= now() - olderThan * 1000
      ? `it is younger than ${inDays(olderThan)}`
      : `it is one of the newest ${String(keepLast)} of its target`;
  return {
    name: 'retained',
    snapshots: async (target) => {
      const since = await cutoff(target);
      const all = await listPresentSnapshots(db, target);
      return all
        .filter(({ createdAt }) => createdAt >= since)
        .map(({ id, createdAt }) => ({ hash: id, why: why(createdAt) }));
    },
    whySnapshot: async (target, hash) => {
      const found = await findSnapshot(db, target, hash);
      return found?.goneAt === null && found.createdAt >= (await cutoff(target)) ? [why(found.createdAt)] : [];
    },
    mayHave: async (target, introducedBy) => {
      const since = await cutoff(target);
      const hashes = [...introducedBy, ...(await listFirstSince(db, target, since, 50))];
      const kept: Kept[] = [];
      for (const hash of new Set(hashes)) {
        const found = await findSnapshot(db, target, hash);
        if (found?.goneAt === null && found.createdAt >= since) kept.push({ hash, why: why(found.createdAt) });
      }
      return kept;
    },
  };
}

function inDays(seconds: number): string {
  return seconds % 86_400 === 0 ? `${String(seconds / 86_400)} days` : `${String(seconds)} seconds`;
}
