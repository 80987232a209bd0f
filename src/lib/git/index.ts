export { localPath, mirrorName, resolveAddress, transportOf, type Transport } from './address.ts';
export type { ArchiveRequest } from './archive.ts';
export type { GitCommit, Walk, WalkOptions } from './commits.ts';
export type { FetchOptions } from './fetch.ts';
export { openMirror, type Mirror, type MirrorOptions } from './mirror.ts';
export { closestNames, isBranchName, isCommitHash } from './names.ts';
export type { ListLimits, TreeEntry } from './tree.ts';
export { serveMirror, type GitAnswer, type GitQuestion } from './serve.ts';
