import type { DbOrTx } from './database.ts';
import { storable } from './text.ts';

/** People whom the same grants are given to. */
export interface Team {
  id: number;
  name: string;
  createdAt: number;
  createdBy: string;
  /** Names, in order. */
  members: readonly string[];
}

/** @returns the new team's id, or null when there is a team of that name */
export async function insertTeam(
  db: DbOrTx,
  { name, actor, now }: { name: string; actor: string; now: number },
): Promise<number | null> {
  const row = await db.sql
    .insertInto('teams')
    .values({ name, created_at: now, created_by: storable(actor, 500) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id ?? null;
}

/** All teams, or those of that name. */
export async function listTeams(db: DbOrTx, name?: string): Promise<Team[]> {
  let query = db.sql.selectFrom('teams').selectAll();
  if (name !== undefined) query = query.where('name', '=', name);
  const teams = await query.orderBy('name').execute();
  const members = await db.sql
    .selectFrom('team_members')
    .innerJoin('users', 'users.id', 'team_members.user_id')
    .select(['team_members.team_id as team', 'users.name'])
    .where('team_members.team_id', 'in', [0, ...teams.map(({ id }) => id)])
    .orderBy('users.name')
    .execute();
  const byTeam = Map.groupBy(members, ({ team }) => team);
  return teams.map(({ id, name: called, created_at: createdAt, created_by: createdBy }) => ({
    ...{ id, name: called, createdAt, createdBy },
    members: (byTeam.get(id) ?? []).map((member) => member.name),
  }));
}

/** Names of the teams a user is in. */
export async function teamsOf(db: DbOrTx, userId: number): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('teams')
    .innerJoin('team_members', 'team_members.team_id', 'teams.id')
    .select('teams.name')
    .where('team_members.user_id', '=', userId)
    .orderBy('teams.name')
    .execute();
  return rows.map(({ name }) => name);
}

/** @returns whether the user was not in the team before */
export async function insertMember(db: DbOrTx, teamId: number, userId: number): Promise<boolean> {
  const row = await db.sql
    .insertInto('team_members')
    .values({ team_id: teamId, user_id: userId })
    .onConflict((conflict) => conflict.columns(['team_id', 'user_id']).doNothing())
    .returning('user_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** @returns whether the user was in the team */
export async function removeMember(db: DbOrTx, teamId: number, userId: number): Promise<boolean> {
  const row = await db.sql
    .deleteFrom('team_members')
    .where('team_id', '=', teamId)
    .where('user_id', '=', userId)
    .returning('user_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Removes a team with its grants; the users stay. */
export async function removeTeam(db: DbOrTx, id: number): Promise<void> {
  await db.sql.deleteFrom('grants').where('holder_kind', '=', 'team').where('holder_id', '=', id).execute();
  await db.sql.deleteFrom('team_members').where('team_id', '=', id).execute();
  await db.sql.deleteFrom('teams').where('id', '=', id).execute();
}
