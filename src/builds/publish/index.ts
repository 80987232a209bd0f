import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { findPackage, listPins, listPublishedDigests } from '../../db/index.ts';
import type { PackageFile, Target } from '../../model/index.ts';
import type { Repository } from '../../repos/index.ts';
import type { TrunkContext } from '../context.ts';
import type { Failure } from '../failure.ts';
import { changeOf, checkInstall, currentSnapshot, stillHolds, type CheckRequest, type Passed } from '../verify.ts';
import { writeNext, type WrittenSnapshot } from './write.ts';

export { closeDirectory, openDirectory, placeOf, publishDirectory } from './directory.ts';
export { moveCurrent, publishedPackage } from './record.ts';
export { showPublication } from './show.ts';
export { writeNext, type WrittenSnapshot } from './write.ts';

/** A snapshot written for a build, before anything says so. */
export interface Placed {
  snapshot: WrittenSnapshot;
  /** The packages as they are published, in the order of those that were built. */
  signed: readonly PackageFile[];
  /** Whether it is the project's newest success in history order, and the project is not pinned, so that `current` moves to it (DESIGN 6). */
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
  const { target } = request;
  const parent = await currentSnapshot(context, target);
  if (await stillHolds(context.repository(target), request.passed, parent)) return place(context, request, parent);
  const passed = await checkInstall(context, request, parent);
  if (passed.failure !== null) return passed.failure;
  return place(context, { ...request, passed }, parent);
}

/** `placeSnapshot`, except that null comes back, and nothing has happened, where the install check has to be repeated. */
export async function placeIfHolds(context: TrunkContext, request: PlaceRequest): Promise<Placed | null> {
  const { target } = request;
  const parent = await currentSnapshot(context, target);
  const holds = await stillHolds(context.repository(target), request.passed, parent);
  return holds ? place(context, request, parent) : null;
}

async function place(context: TrunkContext, request: PlaceRequest, parent: string | null): Promise<Placed> {
  const started = performance.now();
  const { target, revision, passed } = request;
  const repository = context.repository(target);
  const before = await repository.ofProject(parent, revision.project);
  const { project } = revision;
  const [pin] = await listPins(context.db, { target: target.name, project, at: context.now() });
  const published = (names: readonly string[]) => listPublishedDigests(context.db, target.name, names);
  const signed = await signNew(context, request, repository);
  const { stored } = await repository.beginAdmission(signed, published);
  let snapshot: WrittenSnapshot;
  try {
    const hash = await repository.next(parent, changeOf(request, signed));
    snapshot = await writeNext(context, target, { hash, parent, stored });
  } finally {
    // What is being copied is not to be taken away beneath it.
    await Promise.allSettled([stored]);
  }
  request.timings.publish = (performance.now() - started) / 1000;
  return {
    snapshot,
    signed,
    newest: pin === undefined && before.every((one) => one.sequence <= revision.sequence),
    installed: passed.installed,
  };
}

/** The packages as they are published: those that were published before as they are, a second signature would make other files of them. */
async function signNew(
  context: TrunkContext,
  { target, packages, scratch }: PlaceRequest,
  repository: Repository,
): Promise<PackageFile[]> {
  const known = await Promise.all(
    packages.map(async (file) => {
      const published = await findPackage(context.db, target.name, file.identity.fullName);
      // The file as it was published, from a mirror or a backup.
      if (published?.sha256 === file.sha256) return file;
      if (published?.unsignedSha256 !== file.sha256) return null;
      const { sha256, size } = published;
      return { ...file, path: repository.pathOf(published), sha256, size };
    }),
  );
  const fresh = packages.filter((_, place) => known[place] === null);
  const signed = [...(await repository.sign(fresh, await mkdtemp(join(scratch, 'signed-'))))];
  return known.map((one, place) => {
    const file = one ?? signed.shift() ?? packages[place];
    if (file === undefined) throw new Error('a package was lost in signing');
    return file;
  });
}
