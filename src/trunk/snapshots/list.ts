import type { TrunkContext } from '../../builds/index.ts';
import {
  findAnnouncements,
  findBuilds,
  listHolds,
  listRefsAt,
  listSnapshots,
  type BuildWithRevision,
  type SnapshotFilter,
  type SnapshotRecord,
} from '../../db/index.ts';

/** A snapshot with what is known of it. */
export interface ListedSnapshot extends SnapshotRecord {
  /** The build that was published in it, or null. */
  build: BuildWithRevision | null;
  /** Names of the refs that point at it. */
  refs: readonly string[];
  /** Why it is held, a reason a hold. */
  holds: readonly string[];
  /** When it goes, as announced; null where nothing was announced. */
  goesAt: number | null;
}

/** Snapshots of one target or of all configured ones, the last made first. What it costs depends on how many are asked for, not on how many there are. */
export async function listSnapshotsOf(
  context: TrunkContext,
  target: string | null,
  filter: SnapshotFilter & { limit: number },
): Promise<ListedSnapshot[]> {
  const targets = target === null ? context.settings.targets.map(({ name }) => name) : [target];
  const found: ListedSnapshot[] = [];
  for (const one of targets)
    found.push(...(await describeSnapshots(context, one, await listSnapshots(context.db, one, filter))));
  return found.sort((a, b) => b.createdAt - a.createdAt).slice(0, filter.limit);
}

/** What is known of some snapshots of a target. */
export async function describeSnapshots(
  context: TrunkContext,
  target: string,
  records: readonly SnapshotRecord[],
): Promise<ListedSnapshot[]> {
  const present = <T>(values: readonly (T | null)[]) => values.filter((value) => value !== null);
  const builds = await findBuilds(context.db, present(records.map(({ buildId }) => buildId)));
  const byId = new Map(builds.map((one) => [one.build.id, one]));
  const hashes = records.map(({ hash }) => hash);
  const refs = Map.groupBy(await listRefsAt(context.db, target, hashes), ({ snapshotHash }) => snapshotHash);
  const holds = Map.groupBy(
    await listHolds(context.db, { target, at: context.now() }),
    ({ snapshotHash }) => snapshotHash,
  );
  const announced = await findAnnouncements(context.db, present(records.map(({ announcementId }) => announcementId)));
  return records.map((record) => ({
    ...record,
    build: byId.get(record.buildId ?? 0) ?? null,
    refs: refs.get(record.hash)?.map(({ name }) => name) ?? [],
    holds: holds.get(record.hash)?.map(({ reason }) => reason) ?? [],
    goesAt: announced.get(record.announcementId ?? 0)?.goesAt ?? null,
  }));
}
