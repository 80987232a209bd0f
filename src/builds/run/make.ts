import type { LocalRepository, PackageVersion, PackagingFile, VersionInputs } from '../../model/index.ts';
import { buildPackages, type BuiltPackages } from './build.ts';
import { gatherMaterial, gatherPackaging } from './gather.ts';
import { noteBegin, noteFailure, noteVersion } from './own-lines.ts';
import { add, requireBuilder, type Work, type Workplace } from './workplace.ts';

/** The version of a build, and what it was computed from. */
export interface PlannedVersion {
  version: PackageVersion;
  inputs: VersionInputs;
}

export interface MakeOptions {
  /** Asks for the version: what was published before has a say in it, and is known on the server only. */
  plan: (packaging: readonly PackagingFile[]) => Promise<PlannedVersion>;
  /** The snapshot it is built against; null for an empty repository. */
  repository: LocalRepository | null;
}

/** From a revision to its packages: packaging, version, source, build. @throws TrunklineError where the source or a package is not what it should be. */
export async function makePackages(place: Workplace, work: Work, options: MakeOptions): Promise<BuiltPackages> {
  await noteBegin(work);
  return noteFailure(work, () => make(place, work, options));
}

async function make(place: Workplace, work: Work, { plan, repository }: MakeOptions): Promise<BuiltPackages> {
  const started = performance.now();
  const { target, timings } = work;
  const drivers = { builder: requireBuilder(place, target), format: place.formats[target.format] };
  const packaging = await gatherPackaging(place, work);
  const { version, inputs } = await plan(packaging);
  await noteVersion(work, version);
  const material = await gatherMaterial(place, work, version, inputs, packaging);
  add(timings, { source: (performance.now() - started) / 1000 });
  const built = await buildPackages({ ...work, version, repository }, material, drivers);
  add(timings, built.timings);
  return built;
}
