export type { BuildDirectory, BuildFile } from './build-directory.ts';
export { buildDirectoryPath, checkRefName, type BuildPlace } from './layout.ts';
export type { Manifest, ManifestDiff, ManifestPackage, ProjectPackages } from './manifest.ts';
export { packageChanges, type PackageChange } from './package-changes.ts';
export type { Recovery } from './recover.ts';
export { openRepository, type Repository, type RepositoryOptions } from './repository.ts';
export { verifySnapshot, type Finding, type Trust, type Verified, type VerifyOptions } from './verify/index.ts';
export { openTree, type NodeStore, type SnapshotTree } from './tree/tree.ts';
