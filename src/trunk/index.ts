export { recheckProject, type Rechecked } from './recheck.ts';
export type { FoundRevision, Found } from './record.ts';
export type { RunEvent, RunReporter } from './report.ts';
export { planRun, runTrunk, type RunOptions, type RunSummary } from './run.ts';
export { findCommit, type CommitPlace } from './where.ts';
export { compareSnapshots, showSnapshot, type ShownSnapshot, type SnapshotComparison } from './snapshots/compare.ts';
export { type ProjectCommits } from './snapshots/commits.ts';
export { describeSnapshots, listSnapshotsOf, type ListedSnapshot } from './snapshots/list.ts';
export { askForPoll, keepHouse, pollProjects, workOn } from './watch/index.ts';
export {
  affectedProjects,
  openReceiver,
  type WebhookCount,
  type WebhookOutcome,
  type WebhookReceiver,
  type WebhookSource,
} from './webhooks/index.ts';
