import { sql, type ExpressionBuilder } from 'kysely';
import type { Verdict, VotedKind } from '../model/index.ts';
import type { DbOrTx } from './database.ts';
import type { Schema } from './schema.ts';
import { NO, toVote, YES, type Vote } from './votes.ts';

export interface TestedFilter {
  target: string;
  kind: VotedKind;
  /** Verdicts cast at this moment or later (milliseconds); null: whenever. */
  since: number | null;
  /** `made`: the newest thing first. `voted`: the newest verdict first, as DLRN does. */
  order: 'made' | 'voted';
  /** Only verdicts of this job. */
  job?: string;
  result?: Verdict;
  /** Only builds of these projects. */
  projects?: readonly string[];
}

/**
 * The verdict that makes something the last tested one; what it is of is still there, and was not removed. null when there is none. Reads one index
 * from its end (votes_made, votes_made_job, votes_voted, votes_voted_job) and stops at the first that fits.
 */
export async function lastTested(db: DbOrTx, filter: TestedFilter): Promise<Vote | null> {
  const row = await newestFirst(verdicts(db, filter), filter.order).limit(1).executeTakeFirst();
  return row === undefined ? null : toVote(row);
}

export type GoodFilter = Omit<TestedFilter, 'job' | 'result'> & {
  /** At least one. */
  jobs: readonly [string, ...string[]];
};

/**
 * The newest thing that every one of some jobs has found good (each job's own last verdict counts), as one of their verdicts; null when there is
 * none. Goes through the successes of the job that has the fewest and asks for the others by the unique index: what takes longest is many successes
 * of each job that never meet.
 */
export async function lastGood(db: DbOrTx, filter: GoodFilter): Promise<Vote | null> {
  const { jobs, ...rest } = filter;
  const rarest = await rarestSuccess(db, filter);
  const others = [...new Set(jobs)].filter((job) => job !== rarest);
  let query = verdicts(db, { ...rest, job: rarest, result: 'success' });
  for (const job of others) query = query.where((eb) => eb.exists(sameThing(eb, filter, job)));
  const row = await newestFirst(query, filter.order).limit(1).executeTakeFirst();
  return row === undefined ? null : toVote(row);
}

function verdicts(db: DbOrTx, filter: TestedFilter) {
  let query = db.sql
    .selectFrom('votes')
    .selectAll('votes')
    .where('votes.target', '=', filter.target)
    .where('votes.kind', '=', filter.kind)
    .where('votes.live', '=', YES)
    .where('votes.in_progress', '=', NO)
    .where((eb) => isThere(eb, filter));
  if (filter.since !== null) query = query.where('votes.voted_at', '>=', filter.since);
  if (filter.job !== undefined) query = query.where('votes.job', '=', filter.job);
  if (filter.result !== undefined) query = query.where('votes.success', '=', filter.result === 'success' ? 1 : 0);
  return query;
}

/** Of things made in one millisecond the build with the greater number is the newer. */
function newestFirst(query: ReturnType<typeof verdicts>, order: TestedFilter['order']) {
  return order === 'voted'
    ? query.orderBy('votes.voted_at', 'desc').orderBy('votes.id', 'desc')
    : query.orderBy('votes.made_at', 'desc').orderBy('votes.build_id', 'desc').orderBy('votes.id', 'desc');
}

/** What is voted upon still has its files: the snapshot, or the one in which the build was published. */
function isThere(eb: ExpressionBuilder<Schema, 'votes'>, { kind, projects }: TestedFilter) {
  if (kind === 'snapshot')
    return eb.exists(
      eb
        .selectFrom('snapshots')
        .select('snapshots.hash')
        .whereRef('snapshots.target', '=', 'votes.target')
        .whereRef('snapshots.hash', '=', 'votes.snapshot_hash')
        .where('snapshots.gone_at', 'is', null),
    );
  let build = eb
    .selectFrom('builds')
    .innerJoin('snapshots', (join) =>
      join.onRef('snapshots.target', '=', 'builds.target').onRef('snapshots.hash', '=', 'builds.snapshot'),
    )
    .select('builds.id')
    .whereRef('builds.id', '=', 'votes.build_id')
    .where('snapshots.gone_at', 'is', null);
  if (projects !== undefined) build = build.where('builds.project', 'in', projects);
  return eb.exists(build);
}

function sameThing(eb: ExpressionBuilder<Schema, 'votes'>, { kind, since }: GoodFilter, job: string) {
  let query = eb
    .selectFrom('votes as other')
    .select('other.id')
    .where('other.kind', '=', sql.lit(kind))
    .where('other.job', '=', job)
    .where('other.live', '=', YES)
    .where('other.in_progress', '=', NO)
    .where('other.success', '=', 1);
  query =
    kind === 'build'
      ? query.whereRef('other.build_id', '=', 'votes.build_id')
      : query.whereRef('other.target', '=', 'votes.target').whereRef('other.snapshot_hash', '=', 'votes.snapshot_hash');
  return since === null ? query : query.where('other.voted_at', '>=', since);
}

/** Successes that are counted of a job at most: enough to tell a rare one from a common one. */
const COUNTED = 200;

async function rarestSuccess(db: DbOrTx, { jobs, ...filter }: GoodFilter): Promise<string> {
  const different = [...new Set(jobs)];
  if (different.length === 1) return jobs[0];
  const counts = await db.sql
    .selectNoFrom((eb) => different.map((job, n) => countSuccesses(eb, filter, job).as(String(n))))
    .executeTakeFirstOrThrow();
  const found = different.map((job, n) => ({ job, count: Number(counts[String(n)]) }));
  return found.reduce((least, one) => (one.count < least.count ? one : least)).job;
}

function countSuccesses(eb: ExpressionBuilder<Schema, never>, { target, kind }: TestedFilter, job: string) {
  const some = eb
    .selectFrom('votes')
    .select('votes.id')
    .where('votes.target', '=', target)
    .where('votes.kind', '=', kind)
    .where('votes.job', '=', job)
    .where('votes.live', '=', YES)
    .where('votes.in_progress', '=', NO)
    .where('votes.success', '=', 1)
    .limit(COUNTED);
  return eb.selectFrom(some.as('some')).select(({ fn }) => fn.countAll<number | string>().as('count'));
}
