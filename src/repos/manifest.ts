import { z } from 'zod';
import { sha256, TrunklineError } from '../lib/index.ts';
import type { PackageFile } from '../model/index.ts';

const packageSchema = z.strictObject({
  /** The project that owns the package's name in this target. */
  project: z.string(),
  /** The place in the project's history of the revision it was built from (`Revision.sequence`). */
  sequence: z.int(),
  fullName: z.string(),
  name: z.string(),
  kind: z.enum(['binary', 'source']),
  arch: z.string(),
  fileName: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Bytes. */
  size: z.int().nonnegative(),
});

export const manifestSchema = z.strictObject({ target: z.string(), packages: z.array(packageSchema).readonly() });

/** A package as a snapshot lists it. */
export type ManifestPackage = z.infer<typeof packageSchema>;

/**
 * What a snapshot is: the packages of a target's repository at one moment, sorted. Nothing in it depends on this machine, its clock or its database,
 * so that two servers with the same packages name the snapshot alike.
 */
export type Manifest = z.infer<typeof manifestSchema>;

/** What one project's newest success brings into a repository. */
export interface ProjectPackages {
  project: string;
  sequence: number;
  packages: readonly PackageFile[];
}

export interface ManifestDiff {
  added: readonly ManifestPackage[];
  removed: readonly ManifestPackage[];
}

/** The repository of a target before its first package. */
export function emptyManifest(target: string): Manifest {
  return { target, packages: [] };
}

/** The canonical text of a manifest, a package a line: what `manifest.json` holds and the hash is of. */
export function canonicalManifest(manifest: Manifest): string {
  const lines = sorted(manifest.packages).map((one) => JSON.stringify(packageSchema.parse(one)));
  return `{"target":${JSON.stringify(manifest.target)},"packages":[\n${lines.join(',\n')}\n]}\n`;
}

/** The name of a manifest's snapshot: the SHA-256 of its canonical text. */
export function manifestHash(manifest: Manifest): string {
  return sha256(canonicalManifest(manifest));
}

/**
 * `current` with all packages of a project replaced by new ones.
 * @throws TrunklineError `repository_conflict` when another project owns one of the names, or has other content under one of the full names
 */
export function nextManifest(current: Manifest, next: ProjectPackages): Manifest {
  const others = current.packages.filter((one) => one.project !== next.project);
  const owners = new Map(others.map((one) => [nameSpace(one), one]));
  const added = new Map<string, ManifestPackage>();
  for (const file of next.packages) {
    const one = manifestPackage(next, file);
    const owner = owners.get(nameSpace(one));
    if (owner !== undefined) throw ownedByAnother(current.target, one, owner);
    const twin = added.get(one.fullName);
    if (twin !== undefined && twin.sha256 !== one.sha256) throw differentContents(current.target, twin, one);
    added.set(one.fullName, one);
  }
  return { target: current.target, packages: sorted([...others, ...added.values()]) };
}

/** What has to be fetched and what is gone between two snapshots, by content. */
export function diffManifests(before: Manifest, after: Manifest): ManifestDiff {
  const old = new Set(before.packages.map((one) => one.sha256));
  const young = new Set(after.packages.map((one) => one.sha256));
  return {
    added: after.packages.filter((one) => !old.has(one.sha256)),
    removed: before.packages.filter((one) => !young.has(one.sha256)),
  };
}

/** The refusal of two contents under one name that clients take for the same package. */
export function differentContents(
  target: string,
  known: { fullName: string; sha256: string },
  other: { sha256: string },
): TrunklineError {
  return new TrunklineError(
    'repository_conflict',
    `${known.fullName} is in ${target} as ${known.sha256} already, and cannot be ${other.sha256} too`,
    { where: known.fullName, hint: 'a rebuild needs a new release: force the rebuild, which adds one' },
  );
}

function ownedByAnother(target: string, one: ManifestPackage, owner: ManifestPackage): TrunklineError {
  return new TrunklineError(
    'repository_conflict',
    `The ${one.kind} package name ${one.name} belongs to the project ${owner.project} in ${target} (${owner.fullName}); ` +
      `${one.project} cannot publish ${one.fullName}`,
    {
      where: one.fullName,
      hint: `rename the package in the packaging of ${one.project}, or take it out of ${owner.project} first`,
    },
  );
}

/** Binary and source packages have names of their own: a source `foo` and another project's binary `foo` do not meet. */
function nameSpace(one: ManifestPackage): string {
  return `${one.kind} ${one.name}`;
}

function manifestPackage({ project, sequence }: ProjectPackages, file: PackageFile): ManifestPackage {
  const { fullName, name, kind, arch, fileName } = file.identity;
  return { project, sequence, fullName, name, kind, arch, fileName, sha256: file.sha256, size: file.size };
}

function sorted(packages: readonly ManifestPackage[]): ManifestPackage[] {
  const key = (one: ManifestPackage) => [one.name, one.kind, one.arch, one.fullName, one.sha256].join('\0');
  const keyed = packages.map((one) => [key(one), one] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one);
}
