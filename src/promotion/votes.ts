import {
  insertMark,
  insertVerdict,
  listLiveVotes,
  listVotes,
  type Tx,
  type Vote,
  type VotedOn,
  type VoteFilter,
} from '../db/index.ts';
import { audit, emit } from '../events/index.ts';
import { checkVotedAt, checkVoteWords, markEnd, type VoteResult, type VoteWords } from '../model/index.ts';
import type { PromotionContext } from './context.ts';
import { findVotedOn, type Thing } from './voted-on.ts';

export interface Report extends VoteWords {
  result: VoteResult;
  actor: string;
  /** When the job came to its result; null: now. A mark begins when it is made. */
  votedAt: number | null;
  /** Milliseconds for which the job is at it where it says nothing more; null: `MARK_DEFAULT`. For `in_progress` only. */
  lasts: number | null;
}

/**
 * Records what a CI system says of a build or a snapshot: a verdict, or that the job is at it, which ends with its verdict or by itself.
 * @throws TrunklineError `invalid_argument`, `not_found`
 */
export async function reportVote(context: PromotionContext, thing: Thing, report: Report): Promise<Vote> {
  const now = context.now();
  const words = checkVoteWords(report);
  const { actor, result } = report;
  const cast = { ...words, actor, now };
  return context.db.transaction(async (tx) => {
    const on = await findVotedOn(tx, context.settings, thing);
    const vote =
      result === 'in_progress'
        ? await insertMark(tx, on, { ...cast, expiresAt: markEnd(report.lasts, now) })
        : await insertVerdict(tx, on, { ...cast, result, votedAt: checkVotedAt(report.votedAt ?? now, now) });
    await recordVote(tx, on, vote, now);
    return vote;
  });
}

/** The audit entry and the event of a vote, in its transaction. */
export async function recordVote(tx: Tx, on: VotedOn, vote: Vote, now: number): Promise<void> {
  const { id, actor, job, result, target } = vote;
  const subject = on.kind === 'build' ? `build/${String(on.buildId)}` : `snapshot/${target}/${on.snapshot}`;
  await audit(tx, { actor, action: 'vote', subject, reason: `${job}: ${result}` }, now);
  const { kind: votedKind, buildId, snapshot } = vote;
  await emit(tx, { kind: 'voted', voteId: id, target, votedKind, buildId, snapshot, job, result, actor }, now);
}

/** What counts of one thing at this moment: each job's last verdict, and the jobs that are at it. @throws TrunklineError `not_found` */
export async function votesOn(context: PromotionContext, thing: Thing): Promise<Vote[]> {
  const on = await findVotedOn(context.db, context.settings, thing);
  return listLiveVotes(context.db, on, context.now());
}

/** Votes, the last recorded first; those that no longer count too. @throws TrunklineError `not_found` */
export async function votesOf(
  context: PromotionContext,
  { thing, ...filter }: Omit<VoteFilter, 'on'> & { thing?: Thing },
): Promise<Vote[]> {
  const on = thing === undefined ? {} : { on: await findVotedOn(context.db, context.settings, thing) };
  return listVotes(context.db, { ...filter, ...on });
}

/** Whether a vote holds at a moment: a verdict that counts, or a mark that has not expired. */
export function holdsAt({ live, expiresAt }: Pick<Vote, 'live' | 'expiresAt'>, now: number): boolean {
  return live && (expiresAt === null || expiresAt > now);
}
