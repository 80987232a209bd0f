import { sql, type ExpressionBuilder, type Selectable } from 'kysely';
import { TrunklineError } from '../lib/index.ts';
import type { Verdict, VotedKind, VoteResult } from '../model/index.ts';
import type { DbOrTx, Tx } from './database.ts';
import type { Schema } from './schema.ts';
import type { VotesTable } from './votes-schema.ts';
import { storable, storableOrNull } from './text.ts';

/** What is voted upon. */
export type VotedOn =
  { kind: 'build'; target: string; buildId: number } | { kind: 'snapshot'; target: string; snapshot: string };

export interface Vote {
  id: number;
  target: string;
  kind: VotedKind;
  buildId: number | null;
  snapshot: string | null;
  job: string;
  result: VoteResult;
  url: string | null;
  notes: string | null;
  actor: string;
  /** As the CI system says. */
  votedAt: number;
  /** When a mark (`in_progress`) ends by itself; null for a verdict. */
  expiresAt: number | null;
  /** The job's verdict that counts, or a mark that no verdict ended; one that has expired is not live whatever stands here. */
  live: boolean;
  createdAt: number;
}

/** SQLite uses an index with a condition only where the condition is written out, not bound. */
export const YES = sql.lit(1);
export const NO = sql.lit(0);

export type NewVerdict = Pick<Vote, 'job' | 'url' | 'notes' | 'actor' | 'votedAt'> & { result: Verdict; now: number };

/**
 * Records a verdict: the job's on this thing from now on, unless a later one is there, and the end of the job's mark. Many verdicts of a job on one
 * thing are kept; the one cast last counts.
 */
export async function insertVerdict(tx: Tx, on: VotedOn, verdict: NewVerdict): Promise<Vote> {
  const madeAt = await lockVotedOn(tx, on);
  await tx.sql
    .updateTable('votes')
    .set({ live: 0 })
    .where(isLive(on, verdict.job, false))
    .where('voted_at', '<=', verdict.votedAt)
    .execute();
  await endMark(tx, on, verdict.job);
  const later = await tx.sql
    .selectFrom('votes')
    .select('id')
    .where(isLive(on, verdict.job, false))
    .executeTakeFirst();
  const success = verdict.result === 'success' ? 1 : 0;
  return insert(tx, on, { ...verdict, madeAt, success, expiresAt: null, live: later === undefined });
}

export type NewMark = Pick<Vote, 'job' | 'url' | 'notes' | 'actor'> & { expiresAt: number; now: number };

/** Marks that a job is at it, in place of the mark it has. */
export async function insertMark(tx: Tx, on: VotedOn, mark: NewMark): Promise<Vote> {
  const madeAt = await lockVotedOn(tx, on);
  await endMark(tx, on, mark.job);
  return insert(tx, on, { ...mark, madeAt, success: null, votedAt: mark.now, live: true });
}

/**
 * Marks that a job is at it, unless it is already: then the mark that is there, and `taken` is false. Of two who ask at once the second waits for
 * the first and sees its mark.
 */
export async function takeMark(tx: Tx, on: VotedOn, mark: NewMark): Promise<{ taken: boolean; mark: Vote }> {
  await lockVotedOn(tx, on);
  const there = await tx.sql
    .selectFrom('votes')
    .selectAll()
    .where(isLive(on, mark.job, true))
    .where('expires_at', '>', mark.now)
    .executeTakeFirst();
  if (there !== undefined) return { taken: false, mark: toVote(there) };
  return { taken: true, mark: await insertMark(tx, on, mark) };
}

function endMark(tx: Tx, on: VotedOn, job: string) {
  return tx.sql
    .updateTable('votes')
    .set({ live: 0 })
    .where(isLive(on, job, true))
    .execute();
}

type Votes = ExpressionBuilder<Schema, 'votes'>;

function isOn(on: VotedOn) {
  return (eb: Votes) =>
    on.kind === 'build'
      ? eb.and([eb('kind', '=', sql.lit('build')), eb('build_id', '=', on.buildId)])
      : eb.and([
          eb('kind', '=', sql.lit('snapshot')),
          eb('target', '=', on.target),
          eb('snapshot_hash', '=', on.snapshot),
        ]);
}

function isLive(on: VotedOn, job: string, inProgress: boolean) {
  return (eb: Votes) =>
    eb.and([isOn(on)(eb), eb('job', '=', job), eb('in_progress', '=', inProgress ? YES : NO), eb('live', '=', YES)]);
}

/**
 * Locks what is voted upon until the transaction ends, so that two votes of a job on it follow each other: an update that changes nothing locks in both
 * engines. @returns when it was made @throws TrunklineError `not_found`
 */
async function lockVotedOn(tx: Tx, on: VotedOn): Promise<number> {
  const row =
    on.kind === 'build'
      ? await tx.sql
          .updateTable('builds')
          .set((eb) => ({ state: eb.ref('state') }))
          .where('id', '=', on.buildId)
          .returning('created_at')
          .executeTakeFirst()
      : await tx.sql
          .updateTable('snapshots')
          .set((eb) => ({ created_at: eb.ref('created_at') }))
          .where('target', '=', on.target)
          .where('hash', '=', on.snapshot)
          .returning('created_at')
          .executeTakeFirst();
  if (row !== undefined) return row.created_at;
  throw new TrunklineError('not_found', `There is no ${on.kind} that this vote is for`);
}

type NewRow = Pick<Vote, 'job' | 'url' | 'notes' | 'actor' | 'votedAt' | 'expiresAt' | 'live'> & {
  madeAt: number;
  success: 0 | 1 | null;
  now: number;
};

async function insert(tx: Tx, on: VotedOn, vote: NewRow): Promise<Vote> {
  const row = await tx.sql
    .insertInto('votes')
    .values({
      target: on.target,
      kind: on.kind,
      build_id: on.kind === 'build' ? on.buildId : null,
      snapshot_hash: on.kind === 'snapshot' ? on.snapshot : null,
      job: storable(vote.job, 500),
      in_progress: vote.success === null ? 1 : 0,
      success: vote.success,
      url: storableOrNull(vote.url),
      notes: storableOrNull(vote.notes),
      actor: storable(vote.actor, 500),
      voted_at: vote.votedAt,
      made_at: vote.madeAt,
      expires_at: vote.expiresAt,
      live: vote.live ? 1 : 0,
      created_at: vote.now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toVote(row);
}

/** The verdicts that count and the marks that hold on one thing, by job. */
export async function listLiveVotes(db: DbOrTx, on: VotedOn, now: number): Promise<Vote[]> {
  const rows = await db.sql
    .selectFrom('votes')
    .selectAll()
    .where(isOn(on))
    .where('live', '=', YES)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .orderBy('job')
    .orderBy('in_progress')
    .execute();
  return rows.map(toVote);
}

/** The snapshots of a target that jobs are at, themselves or a build that was published in them. */
export async function listMarks(
  db: DbOrTx,
  target: string,
  now: number,
): Promise<{ snapshot: string; job: string; until: number }[]> {
  const rows = await db.sql
    .selectFrom('votes')
    .leftJoin('builds', 'builds.id', 'votes.build_id')
    .select(['votes.snapshot_hash', 'builds.snapshot', 'votes.job', 'votes.expires_at'])
    .where('votes.target', '=', target)
    .where('votes.live', '=', YES)
    .where('votes.in_progress', '=', YES)
    .where('votes.expires_at', '>', now)
    .orderBy('votes.id')
    .execute();
  return rows.flatMap(({ snapshot_hash: own, snapshot: published, job, expires_at: until }) => {
    const snapshot = own ?? published;
    return snapshot === null || until === null ? [] : [{ snapshot, job, until }];
  });
}

export interface VoteFilter {
  on?: VotedOn;
  target?: string;
  kind?: VotedKind;
  job?: string;
  result?: VoteResult;
  /** Only votes recorded before the one with this id: the next page. */
  before?: number;
  /** Default 100. */
  limit?: number;
}

/** Votes, those that no longer count too, the last recorded first. */
export async function listVotes(db: DbOrTx, filter: VoteFilter = {}): Promise<Vote[]> {
  let query = db.sql.selectFrom('votes').selectAll();
  if (filter.on !== undefined) query = query.where(isOn(filter.on));
  if (filter.target !== undefined) query = query.where('target', '=', filter.target);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.job !== undefined) query = query.where('job', '=', filter.job);
  // A mark has no verdict yet; that stands in the indices.
  if (filter.result === 'in_progress') query = query.where('success', 'is', null).where('in_progress', '=', 1);
  else if (filter.result !== undefined) query = query.where('success', '=', filter.result === 'success' ? 1 : 0);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 100)
    .execute();
  return rows.map(toVote);
}

export function toVote(row: Selectable<VotesTable>): Vote {
  return {
    id: row.id,
    target: row.target,
    kind: row.kind,
    buildId: row.build_id,
    snapshot: row.snapshot_hash,
    job: row.job,
    result: row.success === null ? 'in_progress' : row.success === 1 ? 'success' : 'failure',
    url: row.url,
    notes: row.notes,
    actor: row.actor,
    votedAt: row.voted_at,
    expiresAt: row.expires_at,
    live: row.live === 1,
    createdAt: row.created_at,
  };
}
