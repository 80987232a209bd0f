import type { TrunkContext } from '../../builds/index.ts';
import type { SnapshotRecord } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { findSnapshotNamed, requireThere, type Subject } from '../../promotion/index.ts';
import { packageChanges, type ManifestDiff, type ManifestPackage, type PackageChange } from '../../repos/index.ts';
import { commitsOf, type ProjectCommits, type ProjectMove } from './commits.ts';
import { describeSnapshots, type ListedSnapshot } from './list.ts';

/** A snapshot with its packages; none where it was removed. */
export interface ShownSnapshot extends ListedSnapshot {
  /** Whether it exists as files. */
  materialised: boolean;
  packages: readonly ManifestPackage[];
}

/** What a snapshot is. @throws TrunklineError `not_found`, `invalid_argument`, `store_damaged` */
export async function showSnapshot(context: TrunkContext, subject: Subject): Promise<ShownSnapshot> {
  const record = await findSnapshotNamed(context.db, subject);
  const [listed] = await describeSnapshots(context, record.target, [record]);
  if (listed === undefined) throw new Error(`snapshot ${record.hash} was not described`);
  if (record.goneAt !== null) return { ...listed, materialised: false, packages: [] };
  const repository = context.repository(subject.target);
  const { packages } = await repository.readSnapshot(record.hash);
  return { ...listed, materialised: await repository.isMaterialised(record.hash), packages };
}

export interface SnapshotComparison {
  before: SnapshotRecord;
  after: SnapshotRecord;
  changes: readonly PackageChange[];
  /** Of the projects whose packages changed. */
  projects: readonly ProjectCommits[];
}

/**
 * What changed between two snapshots of one target: packages, and the upstream commits between.
 * @throws TrunklineError `invalid_argument` for snapshots of two targets, `not_found` also for one that was removed, `store_damaged`
 */
export async function compareSnapshots(
  context: TrunkContext,
  first: Subject,
  second: Subject,
): Promise<SnapshotComparison> {
  const { target } = first;
  if (target.name !== second.target.name)
    throw new TrunklineError('invalid_argument', `${target.name} and ${second.target.name} are two targets`, {
      hint: 'compare snapshots of one target: packages of two have nothing in common but their names',
    });
  const before = await requireThere(context.db, first);
  const after = await requireThere(context.db, second);
  const repository = context.repository(target);
  const difference = await repository.diff(before.hash, after.hash);
  const projects = await commitsOf(context, target.format, movesOf(difference));
  return { before, after, changes: packageChanges(target.format, difference), projects };
}

/** The projects of a difference, with the places in their histories that their packages came from. */
function movesOf({ added, removed }: ManifestDiff): ProjectMove[] {
  const places = (packages: readonly ManifestPackage[]) =>
    new Map(packages.map(({ project, sequence }) => [project, sequence]));
  const [old, young] = [places(removed), places(added)];
  return [...new Set([...old.keys(), ...young.keys()])]
    .sort()
    .map((project) => ({ project, before: old.get(project) ?? null, after: young.get(project) ?? null }));
}
