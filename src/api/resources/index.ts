export * from './access.ts';
export * from './builds.ts';
export * from './changes.ts';
export * from './collections.ts';
export * from './projects.ts';
export * from './snapshots.ts';
export * from './votes.ts';
export * from './work.ts';
