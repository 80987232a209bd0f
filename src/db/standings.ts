import { sql } from 'kysely';
import { findBuilds, type BuildWithRevision } from './builds.ts';
import type { DbOrTx } from './database.ts';
import { FINISHED } from './states.ts';

export interface ProjectTarget {
  project: string;
  target: string;
}

/** How a project stands on a target. */
export interface ProjectStanding extends ProjectTarget {
  /** The newest build in history order; null: never built. */
  newest: BuildWithRevision | null;
  /** The newest success in history order. */
  lastSuccess: BuildWithRevision | null;
  /** The oldest failure in history order that no success comes after. */
  firstFailure: BuildWithRevision | null;
  pending: number;
  running: number;
}

interface StandingRow extends ProjectTarget {
  newest: number | null;
  good: number | null;
  broken: number | null;
  pending: number;
  running: number;
}

/**
 * How some projects stand, in the order given. Where `readSummaries` walks all builds there are, this seeks the few it tells of: a handful of rows for
 * each pair, whatever the history's length.
 */
export async function readStandings(db: DbOrTx, pairs: readonly ProjectTarget[]): Promise<ProjectStanding[]> {
  if (pairs.length === 0) return [];
  const rows = await standingRows(db, pairs);
  const ids = rows.flatMap(({ newest, good, broken }) => [newest, good, broken]).filter((id) => id !== null);
  const builds = new Map((await findBuilds(db, [...new Set(ids)])).map((one) => [one.build.id, one]));
  const byPair = new Map(rows.map((row) => [`${row.project} ${row.target}`, row]));
  return pairs.map(({ project, target }) => {
    const row = byPair.get(`${project} ${target}`);
    return {
      ...{ project, target },
      newest: builds.get(row?.newest ?? 0) ?? null,
      lastSuccess: builds.get(row?.good ?? 0) ?? null,
      firstFailure: builds.get(row?.broken ?? 0) ?? null,
      pending: row?.pending ?? 0,
      running: row?.running ?? 0,
    };
  });
}

async function standingRows(db: DbOrTx, pairs: readonly ProjectTarget[]): Promise<StandingRow[]> {
  const wanted = sql.join(pairs.map(({ project, target }) => sql`(${project}, ${target})`));
  const here = sql`b.project = p.project and b.target = p.target`;
  const last = (condition: ReturnType<typeof sql>) =>
    sql`(select b.id from builds b where ${here} ${condition} order by b.sequence desc limit 1)`;
  // The condition of the index has to stand in the query as it stands in the index.
  const open = (state: string) =>
    sql`(select count(*) from builds b where ${here} and b.state <> ${FINISHED} and b.state = ${sql.lit(state)})`;
  const { rows } = await sql<StandingRow>`with p (project, target) as (values ${wanted})
    select p.project, p.target,
      ${last(sql``)} as newest,
      ${last(sql`and b.result = 'success'`)} as good,
      (select b.id from builds b where ${here} and b.result = 'failure' and b.sequence > coalesce(
        (select b.sequence from builds b where ${here} and b.result = 'success' order by b.sequence desc limit 1),
        ${sql.lit(Number.MIN_SAFE_INTEGER)}) order by b.sequence limit 1) as broken,
      ${open('pending')} as pending, ${open('running')} as running
    from p`.execute(db.sql);
  return rows;
}
