import type { BuildResult, BuildState, CommitInfo, FailureReason, SkipReason } from '../model/index.ts';
import type { DbOrTx } from './database.ts';
import { parsed } from './text.ts';

/** How a project stands on a target: a line of `trunkline status`. */
export interface Summary {
  project: string;
  target: string;
  /** The newest build in history order. */
  newest: {
    buildId: number;
    state: BuildState;
    result: BuildResult | null;
    reason: FailureReason | SkipReason | null;
    commit: CommitInfo;
    distgitCommit: CommitInfo;
  };
  /** The oldest failure in history order that no success comes after: what broke it. null while it is whole. */
  firstFailure: {
    buildId: number;
    reason: FailureReason | SkipReason | null;
    detail: string | null;
    finishedAt: number | null;
    commit: CommitInfo;
    distgitCommit: CommitInfo;
  } | null;
  /** The newest success in history order. */
  lastSuccess: { buildId: number; finishedAt: number | null; commit: CommitInfo; snapshot: string | null } | null;
  pending: number;
  running: number;
}

export interface SummaryFilter {
  project?: string;
  target?: string;
}

/** A line per project and target that has a build, by project and target. One statement, so that it is one moment. */
export async function readSummaries(db: DbOrTx, filter: SummaryFilter = {}): Promise<Summary[]> {
  const rows = await summaryQuery(db, filter).execute();
  return rows.map(toSummary);
}

/** Both groupings walk builds in the order of the index (project, target, sequence). */
function groupings(db: DbOrTx, filter: SummaryFilter) {
  return db.sql
    .with('newest', (qb) =>
      qb
        .selectFrom('builds')
        .where((eb) => eb.and(filter))
        .select(({ fn }) => [
          'project',
          'target',
          fn.max('sequence').as('sequence'),
          fn.max('sequence').filterWhere('result', '=', 'success').as('success'),
          fn.countAll<number>().filterWhere('state', '=', 'pending').as('pending'),
          fn.countAll<number>().filterWhere('state', '=', 'running').as('running'),
        ])
        .groupBy(['project', 'target']),
    )
    .with('broken', (qb) =>
      qb
        .selectFrom('newest')
        .innerJoin('builds', (join) =>
          join.onRef('builds.project', '=', 'newest.project').onRef('builds.target', '=', 'newest.target'),
        )
        .where('builds.result', '=', 'failure')
        .where((eb) => eb.or([eb('newest.success', 'is', null), eb('builds.sequence', '>', eb.ref('newest.success'))]))
        .select(({ fn }) => ['newest.project', 'newest.target', fn.min('builds.sequence').as('sequence')])
        .groupBy(['newest.project', 'newest.target']),
    );
}

/** The joins look up one row each. */
function summaryQuery(db: DbOrTx, filter: SummaryFilter) {
  return groupings(db, filter)
    .selectFrom('newest')
    .leftJoin('broken', (join) =>
      join.onRef('broken.project', '=', 'newest.project').onRef('broken.target', '=', 'newest.target'),
    )
    .innerJoin('builds as last', (join) =>
      join
        .onRef('last.project', '=', 'newest.project')
        .onRef('last.target', '=', 'newest.target')
        .onRef('last.sequence', '=', 'newest.sequence'),
    )
    .innerJoin('revisions as last_revision', 'last_revision.id', 'last.revision_id')
    .leftJoin('builds as failed', (join) =>
      join
        .onRef('failed.project', '=', 'newest.project')
        .onRef('failed.target', '=', 'newest.target')
        .onRef('failed.sequence', '=', 'broken.sequence'),
    )
    .leftJoin('revisions as failed_revision', 'failed_revision.id', 'failed.revision_id')
    .leftJoin('builds as good', (join) =>
      join
        .onRef('good.project', '=', 'newest.project')
        .onRef('good.target', '=', 'newest.target')
        .onRef('good.sequence', '=', 'newest.success'),
    )
    .leftJoin('revisions as good_revision', 'good_revision.id', 'good.revision_id')
    .select(['newest.project', 'newest.target', 'newest.pending', 'newest.running'])
    .select(['last.id', 'last.state', 'last.result', 'last.reason'])
    .select(['last_revision.upstream_info as upstream', 'last_revision.distgit_info as distgit'])
    .select(['failed.id as failed_id', 'failed.reason as failed_reason', 'failed.detail as failed_detail'])
    .select(['failed.finished_at as failed_at', 'failed_revision.upstream_info as failed_upstream'])
    .select(['failed_revision.distgit_info as failed_distgit'])
    .select(['good.id as good_id', 'good.finished_at as good_at', 'good.snapshot as good_snapshot'])
    .select(['good_revision.upstream_info as good_upstream'])
    .orderBy('newest.project')
    .orderBy('newest.target');
}

type SummaryRow = Awaited<ReturnType<ReturnType<typeof summaryQuery>['execute']>>[number];

function toSummary(row: SummaryRow): Summary {
  return {
    project: row.project,
    target: row.target,
    newest: {
      buildId: row.id,
      state: row.state,
      result: row.result,
      reason: row.reason,
      commit: parsed(row.upstream) as CommitInfo,
      distgitCommit: parsed(row.distgit) as CommitInfo,
    },
    firstFailure:
      row.failed_id === null || row.failed_upstream === null || row.failed_distgit === null
        ? null
        : {
            buildId: row.failed_id,
            reason: row.failed_reason,
            detail: row.failed_detail,
            finishedAt: row.failed_at,
            commit: parsed(row.failed_upstream) as CommitInfo,
            distgitCommit: parsed(row.failed_distgit) as CommitInfo,
          },
    lastSuccess:
      row.good_id === null || row.good_upstream === null
        ? null
        : {
            buildId: row.good_id,
            finishedAt: row.good_at,
            commit: parsed(row.good_upstream) as CommitInfo,
            snapshot: row.good_snapshot,
          },
    pending: row.pending,
    running: row.running,
  };
}
