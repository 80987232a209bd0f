import { findSnapshot, listPublishedDigests } from '../../db/index.ts';
import type { PackageFile, Target } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';
import type { Failure } from '../failure.ts';
import { checkInstall, currentSnapshot, stillHolds, type CheckRequest, type Passed } from '../verify.ts';

export { placeOf, publishDirectory } from './directory.ts';
export { moveCurrent, publishedPackage } from './record.ts';
export { describeRefs, moveRefs } from './refs.ts';
export { showPublication } from './show.ts';

/** A snapshot written for a build, before anything says so. */
export interface Placed {
  snapshot: string;
  /** The snapshot it follows. */
  parent: string | null;
  /** Seconds since the epoch: what its index says. */
  indexTime: number;
  packageCount: number;
  /** Whether it is the project's newest success in history order, so that `current` moves to it (DESIGN 6). */
  newest: boolean;
  installed: readonly string[];
}

export interface PlaceRequest extends CheckRequest {
  target: Target;
  packages: readonly PackageFile[];
  passed: Passed;
}

/**
 * Puts a build's packages into the store and writes the snapshot with them. Nobody sees either before the transaction that comes after.
 * To be called while holding the target's mutex. The install check is repeated when a package it depended on has changed since.
 * @throws TrunklineError `repository_conflict` when another project owns a package's name.
 */
export async function placeSnapshot(context: TrunkContext, request: PlaceRequest): Promise<Placed | Failure> {
  const { target, revision, packages } = request;
  const repository = context.repository(target);
  const parent = await currentSnapshot(context, target);
  let passed = request.passed;
  if (!(await stillHolds(repository, passed, parent))) {
    const again = await checkInstall(context, request, parent);
    if (again.failure !== null) return again.failure;
    passed = again;
  }
  const started = performance.now();
  const before = await repository.ofProject(parent, revision.project);
  const published = (names: readonly string[]) => listPublishedDigests(context.db, target.name, names);
  await repository.admit(packages, published);
  const snapshot = await repository.next(parent, {
    project: revision.project,
    sequence: revision.sequence,
    packages,
  });
  // A list of packages that was published before says what it said then.
  const known = (await findSnapshot(context.db, target.name, snapshot))?.indexTime ?? null;
  const time = known ?? Math.trunc(context.now() / 1000);
  const indexTime = await repository.writeSnapshot(snapshot, { time, after: known === null ? parent : null });
  request.timings.publish = (performance.now() - started) / 1000;
  return {
    snapshot,
    parent,
    indexTime,
    packageCount: await repository.count(snapshot),
    newest: before.every((one) => one.sequence <= revision.sequence),
    installed: passed.installed,
  };
}

/** The snapshot a new build of the target is built against. */
export function snapshotToBuildOn(context: TrunkContext, target: Target): Promise<string | null> {
  return currentSnapshot(context, target);
}
