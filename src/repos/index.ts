export type { BuildDirectory, BuildFile } from './build-directory.ts';
export { buildDirectoryPath, checkRefName, type BuildPlace } from './layout.ts';
export {
  canonicalManifest,
  diffManifests,
  emptyManifest,
  manifestHash,
  nextManifest,
  type Manifest,
  type ManifestDiff,
  type ManifestPackage,
  type ProjectPackages,
} from './manifest.ts';
export { packageChanges, type PackageChange } from './package-changes.ts';
export type { Recovery } from './recover.ts';
export { openRepository, type Repository, type RepositoryOptions } from './repository.ts';
