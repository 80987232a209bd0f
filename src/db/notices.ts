import type { Told } from '../model/index.ts';
import type { DbOrTx, Tx } from './database.ts';

/** What the maintainers of a project were last told about a target. */
export interface NoticeRecord {
  told: Told;
  buildId: number | null;
  toldAt: number | null;
}

/** What they were last told, with the row locked until the transaction ends, so that two builds that finish together tell once. */
export async function lockNotice(tx: Tx, project: string, target: string): Promise<NoticeRecord> {
  const row = await tx.sql
    .insertInto('notices')
    .values({ project, target, told: 'healthy' })
    .onConflict((conflict) => conflict.columns(['project', 'target']).doUpdateSet({ project }))
    .returningAll()
    .executeTakeFirstOrThrow();
  return { told: row.told, buildId: row.build_id, toldAt: row.told_at };
}

export async function recordNotice(
  tx: Tx,
  project: string,
  target: string,
  notice: { told: Told; buildId: number; now: number },
): Promise<void> {
  await tx.sql
    .updateTable('notices')
    .set({ told: notice.told, build_id: notice.buildId, told_at: notice.now })
    .where('project', '=', project)
    .where('target', '=', target)
    .execute();
}

export async function readNotice(db: DbOrTx, project: string, target: string): Promise<NoticeRecord> {
  const row = await db.sql
    .selectFrom('notices')
    .selectAll()
    .where('project', '=', project)
    .where('target', '=', target)
    .executeTakeFirst();
  return { told: row?.told ?? 'healthy', buildId: row?.build_id ?? null, toldAt: row?.told_at ?? null };
}
