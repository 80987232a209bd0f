import { z } from 'zod';
import { TrunklineError } from '../lib/index.ts';
import type { PackageFile, Supplements, WholePart } from '../model/index.ts';

export const packageSchema = z.strictObject({
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

/** A package as a snapshot lists it. */
export type ManifestPackage = z.infer<typeof packageSchema>;

export const supplementSchema = z.strictObject({
  project: z.string(),
  /** What it is: `comps`, `modules`. */
  supplement: z.string(),
  /** The node that has its text. */
  text: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Something that a project supplies besides its packages, as a snapshot lists it; see `Supplements`. */
export type ManifestSupplement = z.infer<typeof supplementSchema>;

/** All packages of a target's repository at one moment, in the order in which its index files have them. */
export interface Manifest {
  target: string;
  packages: readonly ManifestPackage[];
}

/** What a list says of a package file. A `PackageFile` is one. */
export interface ListedFile extends Pick<PackageFile, 'sha256' | 'size'> {
  identity: Pick<PackageFile['identity'], 'fullName' | 'name' | 'kind' | 'arch' | 'fileName'>;
}

/** What one project's newest success brings into a repository. */
export interface ProjectPackages {
  project: string;
  sequence: number;
  packages: readonly ListedFile[];
  /** What it supplies besides; absent: what it supplied before. */
  supplements?: Supplements;
}

export interface ManifestDiff {
  added: readonly ManifestPackage[];
  removed: readonly ManifestPackage[];
}

/** The project that has a name of one kind of package in a snapshot, by one of its packages; undefined when nobody has. */
export type OwnerOf = (kind: ManifestPackage['kind'], name: string) => ManifestPackage | undefined;

/**
 * What a project's packages are in a snapshot's list.
 * @throws TrunklineError `repository_conflict` when another project owns one of the names, or two of them differ under one full name
 */
export function listedPackages(target: string, next: ProjectPackages, ownerOf: OwnerOf): ManifestPackage[] {
  const added = new Map<string, ManifestPackage>();
  for (const file of next.packages) {
    const one = manifestPackage(next, file);
    const owner = ownerOf(one.kind, one.name);
    if (owner !== undefined && owner.project !== next.project) throw ownedByAnother(target, one, owner);
    const twin = added.get(one.fullName);
    if (twin !== undefined && twin.sha256 !== one.sha256) throw differentContents(target, twin, one);
    added.set(one.fullName, one);
  }
  return [...added.values()];
}

/** The same for many projects, which may take names from each other and from nobody else. @throws TrunklineError `repository_conflict` */
export function listedTogether(
  target: string,
  changes: readonly ProjectPackages[],
  ownerOf: OwnerOf,
): Map<string, ManifestPackage[]> {
  const names = new Map<string, ManifestPackage>();
  const changing = new Set(changes.map((change) => change.project));
  const owner: OwnerOf = (kind, name) => {
    const before = ownerOf(kind, name);
    return names.get(`${kind} ${name}`) ?? (before !== undefined && changing.has(before.project) ? undefined : before);
  };
  const listed = new Map<string, ManifestPackage[]>();
  for (const change of changes) {
    const packages = listedPackages(target, change, owner);
    for (const one of packages) names.set(`${one.kind} ${one.name}`, one);
    listed.set(change.project, packages);
  }
  return listed;
}

/** @throws TrunklineError `repository_conflict` when a project supplies something that another one has in the snapshot already */
export function refuseSupplied(
  target: string,
  { project, supplements = {} }: Pick<ProjectPackages, 'project' | 'supplements'>,
  present: readonly { project: string; supplement: string; text: string }[],
  wholes: readonly Pick<WholePart, 'supplement' | 'owned'>[],
): void {
  for (const { supplement, owned } of wholes) {
    const text = supplements[supplement];
    const mine = new Set(text === undefined ? [] : owned(text));
    for (const other of present.filter((one) => one.supplement === supplement && one.project !== project)) {
      const twice = owned(other.text).find((name) => mine.has(name));
      if (twice === undefined) continue;
      throw new TrunklineError(
        'repository_conflict',
        `The ${twice} belongs to the project ${other.project} in ${target}; ${project} cannot supply it`,
        { where: project, hint: `rename it in the packaging of ${project}, or take it out of ${other.project} first` },
      );
    }
  }
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

function manifestPackage({ project, sequence }: ProjectPackages, file: ListedFile): ManifestPackage {
  const { fullName, name, kind, arch, fileName } = file.identity;
  return { project, sequence, fullName, name, kind, arch, fileName, sha256: file.sha256, size: file.size };
}

/** Packages in the one order that a list has. */
export function sortPackages(packages: readonly ManifestPackage[]): ManifestPackage[] {
  const key = (one: ManifestPackage) => [one.name, one.kind, one.arch, one.fullName, one.sha256].join('\0');
  const keyed = packages.map((one) => [key(one), one] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one);
}
