import type { Selectable } from 'kysely';
import type { DbOrTx } from './database.ts';
import type { UsersTable } from './access-schema.ts';
import { storable } from './text.ts';

/** Somebody who may log in. */
export interface User {
  id: number;
  name: string;
  hasPassword: boolean;
  createdAt: number;
  createdBy: string;
  /** Since when neither the user nor a token of theirs is let in, or null. */
  disabledAt: number | null;
}

/** @returns null when there is a user of that name */
export async function insertUser(
  db: DbOrTx,
  user: { name: string; password: string | null; actor: string; now: number },
): Promise<User | null> {
  const row = await db.sql
    .insertInto('users')
    .values({
      name: user.name,
      password: user.password,
      created_at: user.now,
      created_by: storable(user.actor, 500),
      disabled_at: null,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toUser(row);
}

export async function findUser(db: DbOrTx, name: string): Promise<User | null> {
  const row = await db.sql.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : toUser(row);
}

/** A user with the hash of their password, for whoever checks it. */
export async function findLogin(db: DbOrTx, name: string): Promise<{ user: User; password: string | null } | null> {
  const row = await db.sql.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : { user: toUser(row), password: row.password };
}

export async function listUsers(db: DbOrTx): Promise<User[]> {
  return (await db.sql.selectFrom('users').selectAll().orderBy('name').execute()).map(toUser);
}

/** Sets the hash of a user's password; with `from` only when it still is that one. */
export async function updatePassword(
  db: DbOrTx,
  id: number,
  password: string | null,
  { from }: { from?: string } = {},
): Promise<void> {
  let query = db.sql.updateTable('users').set({ password }).where('id', '=', id);
  if (from !== undefined) query = query.where('password', '=', from);
  await query.execute();
}

export async function updateDisabled(db: DbOrTx, id: number, disabledAt: number | null): Promise<void> {
  await db.sql.updateTable('users').set({ disabled_at: disabledAt }).where('id', '=', id).execute();
}

/** Removes a user with their grants, tokens and memberships. */
export async function removeUser(db: DbOrTx, id: number): Promise<void> {
  await db.sql.deleteFrom('grants').where('holder_kind', '=', 'user').where('holder_id', '=', id).execute();
  await db.sql.deleteFrom('team_members').where('user_id', '=', id).execute();
  await db.sql.deleteFrom('tokens').where('user_id', '=', id).execute();
  await db.sql.deleteFrom('users').where('id', '=', id).execute();
}

export function toUser(row: Selectable<UsersTable>): User {
  return {
    id: row.id,
    name: row.name,
    hasPassword: row.password !== null,
    createdAt: row.created_at,
    createdBy: row.created_by,
    disabledAt: row.disabled_at,
  };
}
