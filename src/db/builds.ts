import type { Selectable, Updateable } from 'kysely';
import { TrunklineError } from '../lib/index.ts';
import type { Build, BuildResult, BuildState, Revision, SkipReason } from '../model/index.ts';
import type { DbOrTx } from './database.ts';
import { toRevision } from './revisions.ts';
import { FINISHED, written } from './states.ts';
import type { BuildsTable } from './schema.ts';
import { ofOne } from './seek.ts';
import { storableOrNull } from './text.ts';

/** The build of a revision for a target, made (pending, with no attempt yet) if it is not there. */
export async function insertBuild(
  db: DbOrTx,
  { revision, target, now }: { revision: Pick<Revision, 'id' | 'project' | 'sequence'>; target: string; now: number },
): Promise<{ build: Build; inserted: boolean }> {
  const row = await db.sql
    .insertInto('builds')
    .values({
      project: revision.project,
      target,
      revision_id: revision.id,
      sequence: revision.sequence,
      state: 'pending',
      created_at: now,
    })
    .onConflict((conflict) => conflict.columns(['revision_id', 'target']).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) return { build: toBuild(row), inserted: true };
  const known = await db.sql
    .selectFrom('builds')
    .selectAll()
    .where('revision_id', '=', revision.id)
    .where('target', '=', target)
    .executeTakeFirstOrThrow();
  return { build: toBuild(known), inserted: false };
}

export async function findBuild(db: DbOrTx, id: number): Promise<Build | null> {
  const row = await db.sql.selectFrom('builds').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toBuild(row);
}

/** Builds by their ids, with their commits; those that are not there are left out. */
export async function findBuilds(db: DbOrTx, ids: readonly number[]): Promise<BuildWithRevision[]> {
  if (ids.length === 0) return [];
  const rows = await db.sql.selectFrom('builds').selectAll().where('id', 'in', ids).execute();
  return withRevisions(db, rows.map(toBuild));
}

/** @throws TrunklineError `not_found` */
export async function requireBuild(db: DbOrTx, id: number): Promise<Build> {
  const build = await findBuild(db, id);
  if (build === null)
    throw new TrunklineError('not_found', `There is no build ${id}`, { hint: '`trunkline builds` lists them' });
  return build;
}

export interface BuildFilter {
  project?: string;
  target?: string;
  state?: BuildState;
  result?: BuildResult;
  revisionId?: number;
  /** Only for one of these targets. */
  targets?: readonly string[];
  /** Only builds made before the one with this id: the next page. */
  before?: number;
  /** Default 100. */
  limit?: number;
}

export interface BuildWithRevision {
  build: Build;
  revision: Revision;
}

/** Builds, the last made first. */
export async function listBuilds(db: DbOrTx, filter: BuildFilter = {}): Promise<BuildWithRevision[]> {
  // Not every engine takes an empty list.
  if (filter.targets?.length === 0) return [];
  let query = db.sql.selectFrom('builds').selectAll();
  const { project, before, state } = filter;
  const open = state === 'pending' || state === 'running';
  // With a target, a result or a state that few have, an index of these too is the better one.
  if (project !== undefined && filter.target === undefined && filter.result === undefined && !open)
    query = query.where(ofOne(db, 'project', project, before)).orderBy('project', 'desc');
  else {
    if (project !== undefined) query = query.where('project', '=', project);
    if (before !== undefined) query = query.where('id', '<', before);
  }
  if (filter.target !== undefined) query = query.where('target', '=', filter.target);
  if (state !== undefined) query = query.where('state', '=', written(state));
  // The condition of an index has to stand in the query as it stands in the index.
  if (open) query = query.where('state', '<>', FINISHED);
  if (filter.result !== undefined) query = query.where('result', '=', filter.result);
  if (filter.revisionId !== undefined) query = query.where('revision_id', '=', filter.revisionId);
  if (filter.targets !== undefined) query = query.where('target', 'in', filter.targets);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 100)
    .execute();
  return withRevisions(db, rows.map(toBuild));
}

/** The build of a project and target that finished last, whatever commit it was for. */
export async function latestFinishedBuild(db: DbOrTx, project: string, target: string): Promise<Build | null> {
  const row = await db.sql
    .selectFrom('builds')
    .selectAll()
    .where('project', '=', project)
    .where('target', '=', target)
    .where('state', '=', 'finished')
    .orderBy('finished_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toBuild(row);
}

/** The newest success of a project and target in history order: its entry in `current` (DESIGN 6). */
export async function newestSuccess(db: DbOrTx, project: string, target: string): Promise<Build | null> {
  const row = await db.sql
    .selectFrom('builds')
    .selectAll()
    .where('project', '=', project)
    .where('target', '=', target)
    .where('result', '=', 'success')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toBuild(row);
}

/** The newest success in history order of every project that has one on a target, by project name. */
export async function newestSuccesses(db: DbOrTx, target: string): Promise<Build[]> {
  const rows = await db.sql
    .with('newest', (qb) =>
      qb
        .selectFrom('builds')
        .select(({ fn }) => ['project', fn.max('sequence').as('sequence')])
        .where('target', '=', target)
        .where('result', '=', 'success')
        .groupBy('project'),
    )
    .selectFrom('newest')
    .innerJoin('builds', (join) =>
      join.onRef('builds.project', '=', 'newest.project').onRef('builds.sequence', '=', 'newest.sequence'),
    )
    .selectAll('builds')
    .where('builds.target', '=', target)
    .orderBy('builds.project')
    .execute();
  return rows.map(toBuild);
}

/** Records that a build will not be tried: it stays buildable by a recheck. @throws TrunklineError `repository_conflict` when it has been begun. */
export async function skipBuild(
  db: DbOrTx,
  id: number,
  skip: { reason: SkipReason; detail: string | null; now: number },
): Promise<void> {
  const result = await db.sql
    .updateTable('builds')
    .set({
      state: 'finished',
      result: 'skipped',
      reason: skip.reason,
      detail: storableOrNull(skip.detail),
      finished_at: skip.now,
    })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('result', 'is', null)
    .where((eb) =>
      eb.not(
        eb.exists(eb.selectFrom('attempts').select('attempts.id').whereRef('attempts.build_id', '=', 'builds.id')),
      ),
    )
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n)
    throw new TrunklineError('repository_conflict', `Build ${id} cannot be skipped: it has been begun`, {
      hint: 'cancel it instead',
    });
}

/** Changes a build. For queue/, which keeps builds and attempts in step. */
export async function updateBuild(
  db: DbOrTx,
  id: number,
  change: Partial<Pick<Build, 'state' | 'result' | 'reason' | 'detail' | 'snapshot' | 'finishedAt'>>,
): Promise<void> {
  const { finishedAt, detail, ...rest } = change;
  const values: Updateable<BuildsTable> = rest;
  if (detail !== undefined) values.detail = storableOrNull(detail);
  if (finishedAt !== undefined) values.finished_at = finishedAt;
  await db.sql.updateTable('builds').set(values).where('id', '=', id).execute();
}

/** Each build with the commits it is made of, in the order given. */
export async function withRevisions(db: DbOrTx, builds: readonly Build[]): Promise<BuildWithRevision[]> {
  const revisions = new Map<number, Revision>();
  const ids = [...new Set(builds.map(({ revisionId }) => revisionId))];
  // SQLite takes 32,766 values in one statement.
  for (let start = 0; start < ids.length; start += 10_000) {
    const some = ids.slice(start, start + 10_000);
    const rows = await db.sql.selectFrom('revisions').selectAll().where('id', 'in', some).execute();
    for (const row of rows) revisions.set(row.id, toRevision(row));
  }
  return builds.map((build) => {
    const revision = revisions.get(build.revisionId);
    if (revision === undefined) throw new Error(`revision ${build.revisionId} of build ${build.id} is missing`);
    return { build, revision };
  });
}

export function toBuild(row: Selectable<BuildsTable>): Build {
  return {
    id: row.id,
    project: row.project,
    target: row.target,
    revisionId: row.revision_id,
    state: row.state,
    result: row.result,
    reason: row.reason,
    detail: row.detail,
    snapshot: row.snapshot,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}
