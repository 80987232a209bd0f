import type { ColumnType, Generated } from 'kysely';
import type {
  AttemptKind,
  BuildResult,
  BuildState,
  FailureReason,
  FormatName,
  PublishedPackage,
  SkipReason,
  Told,
} from '../model/index.ts';
import type { AccessSchema } from './access-schema.ts';
import type { Fixed, Json, Time } from './column-types.ts';
import type { MailsSchema } from './mails-schema.ts';
import type { VotesSchema } from './votes-schema.ts';
import type { WebhooksSchema } from './webhooks-schema.ts';
import type { WorkersSchema } from './workers-schema.ts';

type Reason = FailureReason | SkipReason;

export interface MigrationsTable {
  number: number;
  name: string;
  applied_at: Time;
}

export interface RevisionsTable {
  id: Generated<number>;
  project: Fixed<string>;
  format: Fixed<FormatName>;
  upstream_hash: Fixed<string>;
  upstream_info: Fixed<Json>;
  distgit_hash: Fixed<string>;
  distgit_info: Fixed<Json>;
  sequence: Fixed<number>;
  version_inputs: Json | null;
  created_at: Fixed<Time>;
}

/** How far discovery has come in a project's history. The hashes are null until the first walk has been worked off. */
export interface CursorsTable {
  project: string;
  format: FormatName;
  upstream_hash: string | null;
  distgit_hash: string | null;
  /** Sequence numbers that have been given out lie strictly between these two. */
  next_sequence: number;
  previous_sequence: number;
  updated_at: Time;
}

export interface BuildsTable {
  id: Generated<number>;
  project: Fixed<string>;
  target: Fixed<string>;
  revision_id: Fixed<number>;
  /** The revision's, so that history order needs no join. */
  sequence: Fixed<number>;
  state: BuildState;
  result: BuildResult | null;
  reason: Reason | null;
  detail: string | null;
  snapshot: string | null;
  created_at: Fixed<Time>;
  finished_at: Time | null;
}

export interface AttemptsTable {
  id: Generated<number>;
  build_id: Fixed<number>;
  number: Fixed<number>;
  kind: Fixed<AttemptKind>;
  rebuild: Fixed<number>;
  /** Retries after infrastructure errors that led to this attempt; an interruption adds none. */
  retries: Fixed<number>;
  priority: number;
  /** Seconds since the epoch: the upstream commit's committer time, the second key of the claim order. */
  commit_time: Fixed<number>;
  state: BuildState;
  result: BuildResult | null;
  reason: Reason | null;
  detail: string | null;
  lease: number;
  worker: string | null;
  lease_expires_at: Time | null;
  not_before_at: Time;
  created_at: Fixed<Time>;
  started_at: Time | null;
  finished_at: Time | null;
  logs: string | null;
  /** When its logs were compressed; null: not yet. */
  logs_packed_at: Time | null;
  inputs: Json | null;
  timings: Json;
}

export interface PackagesTable {
  id: Generated<number>;
  target: Fixed<string>;
  /** null for what an upload brought. */
  build_id: Fixed<number | null>;
  attempt_id: Fixed<number | null>;
  /** null for what a build made. */
  upload_id: Fixed<number | null>;
  name: Fixed<string>;
  full_name: Fixed<string>;
  file_name: Fixed<string>;
  arch: Fixed<string>;
  kind: Fixed<PublishedPackage['kind']>;
  sha256: Fixed<string>;
  unsigned_sha256: Fixed<string>;
  size: Fixed<number>;
  companions: Fixed<Json>;
  created_at: Fixed<Time>;
  /** The announcement that it goes, or null. */
  announcement_id: ColumnType<number | null, never, number | null>;
  /** When it was removed; the row stays. */
  gone_at: ColumnType<Time | null, never, Time | null>;
}

export interface UploadsTable {
  id: Generated<number>;
  target: Fixed<string>;
  project: Fixed<string>;
  files: Fixed<Json>;
  snapshot: Fixed<string>;
  actor: Fixed<string>;
  reason: Fixed<string | null>;
  logs: Fixed<string>;
  created_at: Fixed<Time>;
}

export interface SnapshotsTable {
  target: Fixed<string>;
  hash: Fixed<string>;
  parent_hash: Fixed<string | null>;
  build_id: Fixed<number | null>;
  package_count: Fixed<number>;
  /** Of one that was removed and made again: when it was made again. */
  created_at: Time;
  /** The announcement that it goes, or null. */
  announcement_id: ColumnType<number | null, never, number | null>;
  /** When it was removed; the row stays. */
  gone_at: ColumnType<Time | null, never, Time | null>;
  /** Seconds since the epoch: what its index says. */
  index_time: Fixed<number | null>;
}

export interface TreeNodesTable {
  hash: Fixed<string>;
  /** Its text, deflated. */
  content: Fixed<Buffer>;
}

export interface RefsTable {
  target: string;
  name: string;
  snapshot_hash: string;
  moved_at: Time;
}

export interface RefMovesTable {
  id: Generated<number>;
  target: Fixed<string>;
  name: Fixed<string>;
  from_hash: Fixed<string | null>;
  /** null: it was taken away. */
  to_hash: Fixed<string | null>;
  actor: Fixed<string>;
  reason: Fixed<string>;
  moved_at: Fixed<Time>;
}

/** A project that stays at one version on one target, and a snapshot that stays, until they are ended. */
interface KeptTable {
  id: Generated<number>;
  target: Fixed<string>;
  reason: Fixed<string>;
  actor: Fixed<string>;
  created_at: Fixed<Time>;
  /** When it ends by itself, or null. */
  until_at: Fixed<Time | null>;
  ended_at: ColumnType<Time | null, never, Time>;
  ended_by: ColumnType<string | null, never, string>;
  ended_reason: ColumnType<string | null, never, string | null>;
}

export interface PinsTable extends KeptTable {
  project: Fixed<string>;
  /** The attempt whose packages it is pinned to. */
  attempt_id: Fixed<number>;
}

export interface HoldsTable extends KeptTable {
  snapshot_hash: Fixed<string>;
}

export interface GcAnnouncementsTable {
  id: Generated<number>;
  target: Fixed<string>;
  announced_at: Fixed<Time>;
  goes_at: Fixed<Time>;
  actor: Fixed<string>;
  /** Mail addresses. */
  told: Fixed<Json>;
}

export interface GcLeftoversTable {
  target: Fixed<string>;
  kind: Fixed<'snapshot' | 'package'>;
  /** The snapshot's hash, or the package's SHA-256. */
  name: Fixed<string>;
}

export interface OutboxTable {
  id: Generated<number>;
  kind: Fixed<string>;
  /** Events of one topic are delivered in the order they were written. */
  topic: Fixed<string>;
  payload: Fixed<Json>;
  created_at: Fixed<Time>;
  /** Names of the handlers that have had it. */
  delivered_to: Json;
  delivered_at: Time | null;
  /** When it was given up, undelivered. */
  abandoned_at: Time | null;
  tries: number;
  next_try_at: Time;
  last_error: string | null;
  /** The server that has it in hand. */
  taken_by: string | null;
}

export interface NoticesTable {
  project: string;
  target: string;
  told: Told;
  /** The build they were told of last. */
  build_id: number | null;
  told_at: Time | null;
}

export interface DurationsTable {
  project: Fixed<string>;
  target: Fixed<string>;
  milliseconds: number;
}

export interface PollsTable {
  project: string;
  due_at: Time;
  /** When somebody asked for it since it was polled last. */
  asked_at: Time | null;
  polled_at: Time | null;
  failures: number;
  error: string | null;
  /** The server that has it in hand. */
  taken_by: string | null;
}

export interface AuditTable {
  id: Generated<number>;
  actor: Fixed<string>;
  action: Fixed<string>;
  subject: Fixed<string>;
  reason: Fixed<string | null>;
  created_at: Fixed<Time>;
  detail: Fixed<Json | null>;
}

/** One row. */
export interface NodeRemovalsTable {
  count: number;
}

export interface Schema extends AccessSchema, MailsSchema, VotesSchema, WebhooksSchema, WorkersSchema {
  migrations: MigrationsTable;
  revisions: RevisionsTable;
  cursors: CursorsTable;
  builds: BuildsTable;
  attempts: AttemptsTable;
  packages: PackagesTable;
  uploads: UploadsTable;
  snapshots: SnapshotsTable;
  tree_nodes: TreeNodesTable;
  node_removals: NodeRemovalsTable;
  refs: RefsTable;
  ref_moves: RefMovesTable;
  pins: PinsTable;
  holds: HoldsTable;
  gc_announcements: GcAnnouncementsTable;
  gc_leftovers: GcLeftoversTable;
  outbox: OutboxTable;
  notices: NoticesTable;
  audit: AuditTable;
  polls: PollsTable;
  durations: DurationsTable;
}
