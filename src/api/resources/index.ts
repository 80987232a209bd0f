export * from './builds.ts';
export * from './projects.ts';
export * from './snapshots.ts';
export * from './work.ts';
