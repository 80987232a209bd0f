import { findRef, listPublishedDigests } from '../../db/index.ts';
import type { PackageFile, Revision, Target } from '../../model/index.ts';
import { nextManifest, type Manifest } from '../../repos/index.ts';
import type { TrunkContext } from '../context.ts';
import type { Failure } from '../failure.ts';
import { checkInstall, currentManifest, stillHolds, type CheckRequest, type Passed } from '../verify.ts';

export { placeOf, publishDirectory } from './directory.ts';
export { describeRefs, moveRefs } from './refs.ts';
export { showPublication } from './show.ts';

/** A snapshot written for a build, before anything says so. */
export interface Placed {
  snapshot: string;
  /** The snapshot it follows. */
  parent: string | null;
  packageCount: number;
  /** Whether it is the project's newest success in history order, so that `current` moves to it (DESIGN 6). */
  newest: boolean;
  installed: readonly string[];
}

export interface PlaceRequest extends CheckRequest {
  target: Target;
  revision: Revision;
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
  const { hash: parent, manifest } = await currentManifest(context, target);
  let passed = request.passed;
  if (!stillHolds(passed, manifest)) {
    const again = await checkInstall(context, request, manifest);
    if (again.failure !== null) return again.failure;
    passed = again;
  }
  const started = performance.now();
  const published = (names: readonly string[]) => listPublishedDigests(context.db, target.name, names);
  await repository.admit(packages, published);
  const next = nextManifest(manifest, { project: revision.project, sequence: revision.sequence, packages });
  const time = Math.trunc(context.now() / 1000);
  const snapshot = await repository.writeSnapshot(next, { time, after: parent });
  request.timings.publish = (performance.now() - started) / 1000;
  return {
    snapshot,
    parent,
    packageCount: next.packages.length,
    newest: isNewest(manifest, revision),
    installed: passed.installed,
  };
}

function isNewest(manifest: Manifest, revision: Revision): boolean {
  return manifest.packages.every((one) => one.project !== revision.project || one.sequence <= revision.sequence);
}

/** The snapshot a new build of the target is built against. */
export async function snapshotToBuildOn(context: TrunkContext, target: Target): Promise<string | null> {
  return (await findRef(context.db, target.name, 'current'))?.snapshotHash ?? null;
}
