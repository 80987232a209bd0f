import { sql } from 'kysely';
import type { AttemptKind, BuildState } from '../model/index.ts';
import type { DbOrTx } from './database.ts';
import { FINISHED, PENDING } from './states.ts';

/** An attempt that waits. */
export interface WaitingAttempt {
  id: number;
  buildId: number;
  number: number;
  project: string;
  target: string;
  kind: AttemptKind;
  priority: number;
  commitTime: number;
  state: BuildState;
  worker: string | null;
  createdAt: number;
  notBefore: number;
  startedAt: number | null;
}

export interface WaitingFilter {
  project?: string;
  target?: string;
  /** Only for one of these targets. */
  targets?: readonly string[];
  /** Only those that are taken after this one: the next page. */
  after?: Pick<WaitingAttempt, 'priority' | 'commitTime' | 'id'>;
  limit: number;
}

/** Attempts that wait, in the order they are claimed; those that are put off stand where they will be when they are due. */
export async function listWaiting(db: DbOrTx, filter: WaitingFilter): Promise<WaitingAttempt[]> {
  // Not every engine takes an empty list.
  if (filter.targets?.length === 0) return [];
  const { project, target, targets, after } = filter;
  const rows = await db.sql
    .selectFrom('attempts')
    .innerJoin('builds', 'builds.id', 'attempts.build_id')
    .where('attempts.state', '=', PENDING)
    .$if(project !== undefined, (query) => query.where('builds.project', '=', project ?? ''))
    .$if(target !== undefined, (query) => query.where('builds.target', '=', target ?? ''))
    .$if(targets !== undefined, (query) => query.where('builds.target', 'in', targets ?? []))
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(attempts.priority, attempts.commit_time, attempts.id) > (${after?.priority ?? 0}, ${after?.commitTime ?? 0}, ${after?.id ?? 0})`,
      ),
    )
    .orderBy('attempts.priority')
    .orderBy('attempts.commit_time')
    .orderBy('attempts.id')
    .limit(filter.limit)
    .selectAll('attempts')
    .select(['builds.project', 'builds.target'])
    .execute();
  return rows.map((row) => ({
    ...{ id: row.id, buildId: row.build_id, number: row.number, project: row.project, target: row.target },
    ...{ kind: row.kind, priority: row.priority, commitTime: row.commit_time, state: row.state, worker: row.worker },
    ...{ createdAt: row.created_at, notBefore: row.not_before_at, startedAt: row.started_at },
  }));
}

/** Since when the attempt that waits longest waits, in milliseconds since the epoch; null: none does. */
export async function oldestWaiting(db: DbOrTx): Promise<number | null> {
  const row = await db.sql
    .selectFrom('attempts')
    .where('state', '=', PENDING)
    .select(({ fn }) => fn.min('created_at').as('oldest'))
    .executeTakeFirst();
  return row?.oldest ?? null;
}

/** How many workers hold an attempt now. */
export async function countBusyWorkers(db: DbOrTx): Promise<number> {
  const row = await db.sql
    .selectFrom('attempts')
    .where('state', '<>', FINISHED)
    .where('worker', 'is not', null)
    .select(({ fn }) => fn.count<number>('worker').distinct().as('workers'))
    .executeTakeFirst();
  return row?.workers ?? 0;
}
