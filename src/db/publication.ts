import { toBuild, withRevisions, requireBuild, type BuildWithRevision } from './builds.ts';
import type { DbOrTx } from './database.ts';
import { listPackages } from './packages.ts';
import { parsed } from './text.ts';
import type { BuildInputs, PackageVersion, Revision } from '../model/index.ts';

/** @throws TrunklineError `not_found` */
export async function requireBuildWithRevision(db: DbOrTx, id: number): Promise<BuildWithRevision> {
  const [found] = await withRevisions(db, [await requireBuild(db, id)]);
  if (found === undefined) throw new Error(`build ${String(id)} has no revision`);
  return found;
}

/** The first build ever made on a target from a pair of commits, whichever project it was for; null when there is none. */
export async function firstBuildOfPair(
  db: DbOrTx,
  target: string,
  pair: { upstream: string; distgit: string },
): Promise<number | null> {
  const row = await db.sql
    .selectFrom('builds')
    .innerJoin('revisions', 'revisions.id', 'builds.revision_id')
    .select('builds.id')
    .where('revisions.upstream_hash', '=', pair.upstream)
    .where('revisions.distgit_hash', '=', pair.distgit)
    .where('builds.target', '=', target)
    .orderBy('builds.id')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** How a project stands on a target, as a repository's list of its contents says it. */
export interface LatestBuild {
  /** The newest build in history order that has a result and was not skipped. */
  newest: BuildWithRevision;
  success: BuildWithRevision | null;
  /** Name-version-release of the newest success's source package. */
  sourcePackage: string | null;
}

/** The newest finished builds of every project on a target, by project name. */
export async function latestBuilds(db: DbOrTx, target: string): Promise<LatestBuild[]> {
  const newest = await newestBuilds(db, target, ['success', 'failure']);
  const successes = await newestBuilds(db, target, ['success']);
  const packages = await listPackages(
    db,
    successes.map(({ build }) => build.id),
  );
  return newest.map((one) => {
    const success = successes.find(({ build }) => build.project === one.build.project) ?? null;
    const source = packages.findLast(({ kind, buildId }) => kind === 'source' && buildId === success?.build.id);
    return { newest: one, success, sourcePackage: source?.fileName.replace(/(\.src\.rpm|\.dsc)$/, '') ?? null };
  });
}

async function newestBuilds(
  db: DbOrTx,
  target: string,
  results: readonly ('success' | 'failure')[],
): Promise<BuildWithRevision[]> {
  const rows = await db.sql
    .with('newest', (qb) =>
      qb
        .selectFrom('builds')
        .select(({ fn }) => ['project', fn.max('sequence').as('sequence')])
        .where('target', '=', target)
        .where('result', 'in', results)
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
  return withRevisions(db, rows.map(toBuild));
}

/** The digests under which full names were published in a target, by full name. */
export async function listPublishedDigests(
  db: DbOrTx,
  target: string,
  fullNames: readonly string[],
): Promise<Map<string, string>> {
  if (fullNames.length === 0) return new Map();
  const rows = await db.sql
    .selectFrom('packages')
    .select(['full_name', 'sha256'])
    .where('target', '=', target)
    .where('full_name', 'in', fullNames)
    .execute();
  return new Map(rows.map((row) => [row.full_name, row.sha256]));
}

/** Whether every project's newest decided build on a target is a success: DLRN's condition for `consistent`. */
export async function isConsistent(db: DbOrTx, target: string, projects: readonly string[]): Promise<boolean> {
  const newest = await newestBuilds(db, target, ['success', 'failure']);
  const good = new Set(newest.filter(({ build }) => build.result === 'success').map(({ build }) => build.project));
  return projects.every((project) => good.has(project));
}

/** The version that the newest success before a revision, in history order, was published under; null for a project's first one. */
export async function previousVersion(
  db: DbOrTx,
  { project, sequence }: Pick<Revision, 'project' | 'sequence'>,
  target: string,
): Promise<PackageVersion | null> {
  const row = await db.sql
    .selectFrom('builds')
    .innerJoin('attempts', 'attempts.build_id', 'builds.id')
    .select('attempts.inputs')
    .where('builds.project', '=', project)
    .where('builds.target', '=', target)
    .where('builds.sequence', '<', sequence)
    .where('builds.result', '=', 'success')
    .where('attempts.result', '=', 'success')
    .orderBy('builds.sequence', 'desc')
    .orderBy('attempts.number', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row?.inputs === null || row === undefined) return null;
  return (parsed(row.inputs) as BuildInputs).version;
}
