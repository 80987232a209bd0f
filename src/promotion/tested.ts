import {
  lastGood,
  lastTested,
  listLiveVotes,
  requireBuildWithRevision,
  takeMark,
  type BuildWithRevision,
  type DbOrTx,
  type TestedFilter,
  type Vote,
  type VotedOn,
} from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { checkJob, markEnd, requireTarget, type Verdict } from '../model/index.ts';
import type { PromotionContext } from './context.ts';
import { snapshotOf } from './voted-on.ts';
import { recordVote } from './votes.ts';

/** Which builds or snapshots come into question. */
export interface Wanted {
  target: string;
  kind: TestedFilter['kind'];
  /** Milliseconds: only verdicts that are not older; null: of any age. */
  maxAge: number | null;
  /** `made`: of all that fit the newest one. `voted`: the one that was voted upon last. */
  order: TestedFilter['order'];
  /** Only builds of these projects; empty: of all. */
  projects: readonly string[];
}

/** Asks for the last one with a verdict: of any job or of one, of any result or of one. */
export interface TestedWanted extends Wanted {
  job: string | null;
  result: Verdict | null;
}

/** Asks for the last one that each of some jobs has found good. */
export interface GoodWanted extends Wanted {
  jobs: readonly string[];
}

/** Who takes what was found, to test it further. */
export interface Taker {
  job: string;
  actor: string;
  url: string | null;
  /** Milliseconds until the mark ends by itself; null: `MARK_DEFAULT`. */
  lasts: number | null;
}

/** What was found. */
export interface Tested {
  target: string;
  kind: TestedFilter['kind'];
  /** The snapshot itself, or the one in which the build was published. */
  snapshot: string;
  build: BuildWithRevision | null;
  /** The verdict by which it was found. */
  vote: Vote;
  /** All that counts of it: each job's last verdict, and the jobs that are at it. */
  votes: readonly Vote[];
  /**
   * The mark of the job that asked to take it. `taken` is false when that job was at it already, by this mark, which somebody else made: nothing has
   * changed then. null: nobody asked.
   */
  mark: { taken: boolean; vote: Vote } | null;
}

/** The last one tested. @throws TrunklineError `not_found` when nothing fits, `invalid_argument` */
export async function findLastTested(
  context: PromotionContext,
  wanted: TestedWanted,
  taker: Taker | null,
): Promise<Tested> {
  const { job, result } = wanted;
  const asked = {
    ...filterOf(context, wanted),
    ...(job === null ? {} : { job: checkJob(job) }),
    ...(result === null ? {} : { result }),
  };
  const what = `${result ?? 'verdict'}${job === null ? '' : ` of ${job}`}`;
  return find(context, wanted, taker, what, (db) => lastTested(db, asked));
}

/** The last one that all of some jobs found good. @throws TrunklineError `not_found` when nothing fits, `invalid_argument` */
export async function findLastGood(
  context: PromotionContext,
  wanted: GoodWanted,
  taker: Taker | null,
): Promise<Tested> {
  const [first, ...rest] = wanted.jobs.map(checkJob);
  if (first === undefined || rest.length > 49)
    throw new TrunklineError(
      'invalid_argument',
      'Which jobs have to have found it good is missing, or too many are named',
      {
        hint: 'name from one to fifty',
      },
    );
  const asked = { ...filterOf(context, wanted), jobs: [first, ...rest] as const };
  return find(context, wanted, taker, `success of ${wanted.jobs.join(' and ')}`, (db) =>
    lastGood(db, { ...asked, jobs: [first, ...rest] }),
  );
}

function filterOf(context: PromotionContext, { target, kind, maxAge, order, projects }: Wanted): TestedFilter {
  if (projects.length > 0 && kind === 'snapshot')
    throw new TrunklineError('invalid_argument', 'A snapshot is of all projects', { hint: 'ask for builds instead' });
  return {
    target: requireTarget(context.settings, target).name,
    kind,
    order,
    since: maxAge === null ? null : context.now() - maxAge,
    ...(projects.length === 0 ? {} : { projects }),
  };
}

/** Finding and taking are one transaction: of two who ask at once, one has taken it before the other looks. */
async function find(
  context: PromotionContext,
  wanted: Wanted,
  taker: Taker | null,
  what: string,
  search: (db: DbOrTx) => Promise<Vote | null>,
): Promise<Tested> {
  const now = context.now();
  const missing = (): never => {
    const age = wanted.maxAge === null ? '' : ` in the last ${String(Math.round(wanted.maxAge / 360_000) / 10)} hours`;
    throw new TrunklineError('not_found', `No ${wanted.kind} of ${wanted.target} has a ${what}${age}`, {
      hint: 'trunkline vote list shows what was voted; ask for an older one, or for other jobs',
    });
  };
  if (taker === null) {
    const vote = (await search(context.db)) ?? missing();
    return describe(context.db, vote, null, now);
  }
  const mark = { ...taker, job: checkJob(taker.job), notes: null, now, expiresAt: markEnd(taker.lasts, now) };
  return context.db.transaction(async (tx) => {
    const vote = (await search(tx)) ?? missing();
    const on = votedOn(vote);
    const { taken, mark: made } = await takeMark(tx, on, mark);
    if (taken) await recordVote(tx, on, made, now);
    return describe(tx, vote, { taken, vote: made }, now);
  });
}

async function describe(db: DbOrTx, vote: Vote, mark: Tested['mark'], now: number): Promise<Tested> {
  const on = votedOn(vote);
  return {
    target: vote.target,
    kind: vote.kind,
    snapshot: await snapshotOf(db, on),
    build: vote.buildId === null ? null : await requireBuildWithRevision(db, vote.buildId),
    vote,
    votes: await listLiveVotes(db, on, now),
    mark,
  };
}

function votedOn({ target, buildId, snapshot }: Vote): VotedOn {
  if (buildId !== null) return { kind: 'build', target, buildId };
  if (snapshot === null) throw new Error('a vote on nothing');
  return { kind: 'snapshot', target, snapshot };
}
