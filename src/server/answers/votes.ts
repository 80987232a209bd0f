import type { PromotedResource, PromotionResource, TestedResource, VoteResource } from '../../api/index.ts';
import type { Promotion, Vote } from '../../db/index.ts';
import { holdsAt, type Promoted, type Tested } from '../../promotion/index.ts';
import { buildAnswer, snapshotPath } from './builds.ts';
import { iso, isoOrNull } from './times.ts';

export function voteAnswer(vote: Vote, now: number): VoteResource {
  const { id, target, kind, buildId: build, snapshot, job, result, url, notes, actor } = vote;
  return {
    ...{ id, target, kind, build, snapshot, job, result, url, notes, actor },
    counts: holdsAt(vote, now),
    votedAt: iso(vote.votedAt),
    expiresAt: isoOrNull(vote.expiresAt),
    createdAt: iso(vote.createdAt),
  };
}

export function testedAnswer(
  { target, kind, snapshot, build, vote, votes, mark }: Tested,
  now: number,
): TestedResource {
  return {
    ...{ target, kind, snapshot },
    build: build && buildAnswer(build),
    repository: snapshotPath(target, snapshot),
    vote: voteAnswer(vote, now),
    votes: votes.map((one) => voteAnswer(one, now)),
    mark: mark && { taken: mark.taken, vote: voteAnswer(mark.vote, now) },
  };
}

export function promotionAnswer({ buildId: build, promotedAt, endedAt, votes, ...rest }: Promotion): PromotionResource {
  return {
    ...rest,
    build,
    votes: votes.map((one) => ({ ...one })),
    promotedAt: iso(promotedAt),
    standing: endedAt === null,
    endedAt: isoOrNull(endedAt),
  };
}

export function promotedAnswer({ promotion, made }: Promoted): PromotedResource {
  return { ...promotionAnswer(promotion), made };
}
