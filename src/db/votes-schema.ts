import type { ColumnType, Generated } from 'kysely';
import type { VotedKind } from '../model/index.ts';
import type { Fixed, Time } from './column-types.ts';

export interface VotesTable {
  id: Generated<number>;
  target: Fixed<string>;
  kind: Fixed<VotedKind>;
  build_id: Fixed<number | null>;
  snapshot_hash: Fixed<string | null>;
  job: Fixed<string>;
  /** 1: the job is at it. 0: a verdict. */
  in_progress: Fixed<number>;
  /** 1 or 0; null while in progress. */
  success: Fixed<number | null>;
  url: Fixed<string | null>;
  notes: Fixed<string | null>;
  actor: Fixed<string>;
  /** As the CI system says. */
  voted_at: Fixed<Time>;
  /** When what is voted upon was made. */
  made_at: Fixed<Time>;
  expires_at: Fixed<Time | null>;
  /** 1: the job's verdict that counts, or a mark that nothing ended yet. */
  live: number;
  created_at: Fixed<Time>;
}

export interface PromotionsTable {
  id: Generated<number>;
  target: Fixed<string>;
  name: Fixed<string>;
  snapshot_hash: Fixed<string>;
  /** The build that was named, where one was. */
  build_id: Fixed<number | null>;
  /** Where the ref pointed; null when it was made. */
  from_hash: Fixed<string | null>;
  actor: Fixed<string>;
  reason: Fixed<string>;
  /** The verdicts it rests on, as JSON. */
  votes: Fixed<string>;
  promoted_at: Fixed<Time>;
  /** When it was taken back. */
  ended_at: ColumnType<Time | null, never, Time>;
  ended_by: ColumnType<string | null, never, string>;
  ended_reason: ColumnType<string | null, never, string>;
}

export interface VotesSchema {
  votes: VotesTable;
  promotions: PromotionsTable;
}
