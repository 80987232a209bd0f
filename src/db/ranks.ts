import type { DbOrTx, Tx } from './database.ts';
import { PENDING } from './states.ts';

/** An attempt that waits to make a build for the first time. */
export interface WaitingBuild {
  attemptId: number;
  buildId: number;
  project: string;
  /** The build's place in its project's history. */
  sequence: number;
  priority: number;
}

/** First attempts that wait, of a target, or of one project on it; each project's newest first. */
export async function listWaitingBuilds(
  db: DbOrTx,
  { target, project }: { target: string; project?: string },
): Promise<WaitingBuild[]> {
  const rows = await db.sql
    .selectFrom('attempts')
    .innerJoin('builds', 'builds.id', 'attempts.build_id')
    .where('attempts.state', '=', PENDING)
    .where('attempts.kind', '=', 'initial')
    .where('builds.target', '=', target)
    .$if(project !== undefined, (query) => query.where('builds.project', '=', project ?? ''))
    .orderBy('builds.project')
    .orderBy('builds.sequence', 'desc')
    .select(['attempts.id', 'builds.id as buildId', 'builds.project', 'builds.sequence', 'attempts.priority'])
    .execute();
  return rows.map(({ id, ...row }) => ({ attemptId: id, ...row }));
}

/** Writes the priorities of attempts that still wait. */
export async function setPriorities(tx: Tx, priorities: ReadonlyMap<number, number>): Promise<void> {
  for (const [id, priority] of priorities)
    await tx.sql.updateTable('attempts').set({ priority }).where('id', '=', id).where('state', '=', PENDING).execute();
}
