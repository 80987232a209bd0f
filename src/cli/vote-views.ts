import type { Promotion, Vote } from '../db/index.ts';
import { holdsAt, type Tested } from '../promotion/index.ts';
import type { Cell, Column } from './table.ts';
import { buildView, isoTime, time } from './views.ts';

/** A vote as `--json` gives it. */
export function voteView({ votedAt, expiresAt, createdAt, live, buildId, ...vote }: Vote, now: number) {
  return {
    ...vote,
    build: buildId,
    /** Whether it counts: the job's last verdict on this thing, or a mark that has not ended. */
    counts: holdsAt({ live, expiresAt }, now),
    votedAt: isoTime(votedAt),
    expiresAt: isoTime(expiresAt),
    createdAt: isoTime(createdAt),
  };
}

export const VOTE_COLUMNS: readonly Column[] = [
  { title: 'ID', align: 'right' },
  { title: 'TARGET' },
  { title: 'OF' },
  { title: 'JOB' },
  { title: 'RESULT' },
  { title: 'VOTED' },
  { title: 'WHO' },
  { title: 'URL' },
];

export function voteRow(vote: Vote, now: number): Cell[] {
  return [
    vote.id,
    vote.target,
    vote.buildId === null ? (vote.snapshot?.slice(0, 12) ?? null) : `build ${String(vote.buildId)}`,
    vote.job,
    resultCell(vote, now),
    time(vote.votedAt),
    vote.actor,
    vote.url,
  ];
}

function resultCell(vote: Vote, now: number): Cell {
  if (!holdsAt(vote, now)) return { text: `${vote.result.replace('_', ' ')} (past)`, style: 'dim' };
  if (vote.result === 'in_progress') return { text: `in progress until ${time(vote.expiresAt) ?? ''}`, style: 'cyan' };
  return { text: vote.result, style: vote.result === 'success' ? 'green' : 'red' };
}

/** What was found as last tested or last good, as `--json` gives it. */
export function testedView({ target, kind, snapshot, build, vote, votes, mark }: Tested, now: number) {
  return {
    target,
    kind,
    snapshot,
    build: build && buildView(build),
    vote: voteView(vote, now),
    votes: votes.map((one) => voteView(one, now)),
    mark: mark && { taken: mark.taken, vote: voteView(mark.vote, now) },
  };
}

/** A promotion as `--json` gives it. */
export function promotionView({ buildId, promotedAt, endedAt, ...promotion }: Promotion) {
  return {
    ...promotion,
    build: buildId,
    standing: endedAt === null,
    promotedAt: isoTime(promotedAt),
    endedAt: isoTime(endedAt),
  };
}
