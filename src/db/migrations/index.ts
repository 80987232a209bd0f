import type { Migration } from './migration.ts';
import { trunkLine } from './0001-trunk-line.ts';
import { snapshotTrees } from './0002-snapshot-trees.ts';
import { keeping } from './0003-keeping.ts';
import { uploads } from './0004-uploads.ts';
import { access } from './0005-access.ts';
import { votes } from './0006-votes.ts';
import { webhooks } from './0007-webhooks.ts';
import { polls } from './0008-polls.ts';
import { lists } from './0009-lists.ts';
import { refRemovals } from './0010-ref-removals.ts';
import { durations } from './0011-durations.ts';
import { takers } from './0012-takers.ts';
import { packedLogs } from './0014-packed-logs.ts';
import { mails } from './0016-mails.ts';
import { linesOfSnapshots } from './0017-lines-of-snapshots.ts';
import { workers } from './0020-workers.ts';
import { removalsOfNodes } from './0021-removals-of-nodes.ts';
import { packagesOfAttempts } from './0022-packages-of-attempts.ts';
import { listsOfVotes } from './0023-lists-of-votes.ts';
import { drainedWorkers } from './0024-drained-workers.ts';

/** In order of their numbers; a new one is added at the end, by hand. */
export const MIGRATIONS: readonly Migration[] = [
  trunkLine,
  snapshotTrees,
  keeping,
  uploads,
  access,
  votes,
  webhooks,
  polls,
  lists,
  refRemovals,
  durations,
  takers,
  packedLogs,
  mails,
  linesOfSnapshots,
  workers,
  removalsOfNodes,
  packagesOfAttempts,
  listsOfVotes,
  drainedWorkers,
];
