export { changelogSince } from './changelog.ts';
export { recoverTarballs, sourceTarball, type SourceTarballRequest } from './cached-tarball.ts';
export { runSourceCommand, type SourceCommandRequest } from './command.ts';
export type { OpenJail, TreeJail } from './jailed-tree.ts';
export { PACKAGING_LIMITS, readPackaging, type PackagingOptions } from './packaging.ts';
export { reportVersion, type ReportRequest } from './reported-version.ts';
export { makeTarball, type TarballRequest, type TreeLimits, type TreeRequest } from './tarball.ts';
