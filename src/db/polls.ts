import { sql, type Selectable } from 'kysely';
import type { DbOrTx } from './database.ts';
import type { PollsTable } from './schema.ts';
import { storableOrNull } from './text.ts';

/** How a project is looked at: when next, and how it went the last time. Times in milliseconds since the epoch. */
export interface Poll {
  project: string;
  dueAt: number;
  /** When somebody asked for it (a webhook, a person) and it has not been looked at since. */
  askedAt: number | null;
  polledAt: number | null;
  /** Since the last time that went well. */
  failures: number;
  error: string | null;
}

/**
 * Makes projects due at the times given: those that are not known yet, and those that would be due only after `latest`, which goes by their failures (default: none). The others
 * that are known keep their time; whatever is in none of `projects` is forgotten. All in milliseconds since the epoch.
 */
export async function schedulePolls(
  db: DbOrTx,
  projects: ReadonlyMap<string, number>,
  latest: (failures: number) => number = () => Number.POSITIVE_INFINITY,
): Promise<void> {
  const polls = await listPolls(db);
  const known = new Set(polls.map(({ project }) => project));
  for (const { project, dueAt, failures } of polls) {
    const due = projects.get(project);
    // Changed meanwhile, it is in hand.
    if (due !== undefined && dueAt > latest(failures))
      await db.sql
        .updateTable('polls')
        .set({ due_at: due })
        .where('project', '=', project)
        .where('due_at', '=', dueAt)
        .execute();
  }
  const fresh = [...projects].filter(([project]) => !known.has(project));
  for (let start = 0; start < fresh.length; start += 500)
    await db.sql
      .insertInto('polls')
      .values(fresh.slice(start, start + 500).map(([project, dueAt]) => ({ project, due_at: dueAt, failures: 0 })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  const gone = [...known].filter((project) => !projects.has(project));
  for (let start = 0; start < gone.length; start += 500)
    await db.sql
      .deleteFrom('polls')
      .where('project', 'in', gone.slice(start, start + 500))
      .execute();
}

/**
 * Has projects looked at as soon as somebody is free to, whatever was planned: after a push, or when a person asks. Also those that no server has planned to
 * look at yet, so that nothing is lost that is asked before one polls. They are configured, and in the order of their names.
 */
export async function pollSoon(db: DbOrTx, projects: readonly string[], now: number): Promise<void> {
  for (let start = 0; start < projects.length; start += 500)
    await db.sql
      .insertInto('polls')
      .values(
        projects.slice(start, start + 500).map((project) => ({ project, due_at: now, asked_at: now, failures: 0 })),
      )
      .onConflict((conflict) =>
        conflict.column('project').doUpdateSet((eb) => ({
          asked_at: now,
          due_at: eb.case().when('polls.due_at', '>', now).then(now).else(eb.ref('polls.due_at')).end(),
        })),
      )
      .execute();
}

/**
 * Takes the project that has been due longest for the server `by`, and puts it off to `until` meanwhile; null when none is due. One statement: no two servers
 * get one.
 */
export async function takePoll(
  db: DbOrTx,
  { now, until, by }: { now: number; until: number; by: string },
): Promise<Poll | null> {
  const row = await db.sql
    .updateTable('polls')
    .set({ due_at: until, taken_by: by })
    .where('project', '=', (eb) =>
      eb
        .selectFrom('polls as due')
        .select('due.project')
        .where('due.due_at', '<=', now)
        .orderBy('due.due_at')
        .orderBy('due.project')
        .limit(1)
        .$if(db.adapter.skipsLockedRows, (query) => query.forUpdate().skipLocked()),
    )
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : pollOf(row);
}

/** Puts a project off to `until` that is still in hand, unless somebody has asked for it meanwhile. */
export async function keepPoll(
  db: DbOrTx,
  project: string,
  { now, until, by }: { now: number; until: number; by: string },
) {
  await db.sql
    .updateTable('polls')
    .set({ due_at: until })
    .where('project', '=', project)
    .where('taken_by', '=', by)
    .where('due_at', '>', now)
    .execute();
}

/**
 * Makes projects due at once that a process took as the server `by` and did not live to look at; where one process writes at a time, whoever took them.
 * To be called before any is taken.
 */
export async function releasePolls(db: DbOrTx, { now, by }: { now: number; by: string }): Promise<void> {
  await db.sql
    .updateTable('polls')
    .set({ due_at: now, taken_by: null })
    .where('taken_by', 'is not', null)
    .$if(db.adapter.skipsLockedRows, (query) => query.where('taken_by', '=', by))
    .execute();
}

/**
 * Records how a poll went (`error` null: well) and when the next one is due; what was asked for after it had begun makes it due at once.
 * `began` as `takePoll` was given it.
 */
export async function settlePoll(
  db: DbOrTx,
  project: string,
  { began, dueAt, error }: { began: number; dueAt: number; error: string | null },
): Promise<void> {
  await db.sql
    .updateTable('polls')
    .set((eb) => ({
      due_at: eb.case().when('asked_at', '>=', began).then(began).else(dueAt).end(),
      asked_at: eb.case().when('asked_at', '>=', began).then(eb.ref('asked_at')).else(null).end(),
      polled_at: began,
      taken_by: null,
      failures: error === null ? 0 : eb('failures', '+', 1),
      error: storableOrNull(error),
    }))
    .where('project', '=', project)
    .execute();
}

/** When the next poll is due, or null when there is nothing to poll. */
export async function nextPollAt(db: DbOrTx): Promise<number | null> {
  const row = await db.sql
    .selectFrom('polls')
    .select(sql<number | null>`min(due_at)`.as('next'))
    .executeTakeFirst();
  return row?.next ?? null;
}

/** How a project was looked at; null for one that no server has planned to look at. */
export async function findPoll(db: DbOrTx, project: string): Promise<Poll | null> {
  const row = await db.sql.selectFrom('polls').selectAll().where('project', '=', project).executeTakeFirst();
  return row === undefined ? null : pollOf(row);
}

/** All polls, by project. */
export async function listPolls(db: DbOrTx): Promise<Poll[]> {
  const rows = await db.sql.selectFrom('polls').selectAll().orderBy('project').execute();
  return rows.map(pollOf);
}

function pollOf(row: Selectable<PollsTable>): Poll {
  const { project, due_at: dueAt, asked_at: askedAt, polled_at: polledAt, failures, error } = row;
  return { project, dueAt, askedAt, polledAt, failures, error };
}
