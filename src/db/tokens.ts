import type { Selectable } from 'kysely';
import type { Grant, WorkerScope } from '../model/access/index.ts';
import type { DbOrTx } from './database.ts';
import type { TokensTable, UsersTable } from './access-schema.ts';
import { parsed, storable } from './text.ts';
import type { User } from './users.ts';

/** What can be told of a token; the token itself is kept nowhere. */
export interface Token {
  id: number;
  /** Its owner's name, or null for the token of a worker. */
  user: string | null;
  name: string;
  /** What it may of what its owner may; null: all of it. */
  scope: readonly Grant[] | null;
  /** What a worker may do with it; null for the token of a user. */
  worker: WorkerScope | null;
  createdAt: number;
  createdBy: string;
  /** null: never. */
  expiresAt: number | null;
  /** To the minute. */
  lastUsedAt: number | null;
  revokedAt: number | null;
}

export interface NewToken {
  userId: number | null;
  name: string;
  /** SHA-256 of the token. */
  hash: string;
  scope: readonly Grant[] | null;
  worker: WorkerScope | null;
  expiresAt: number | null;
  actor: string;
  now: number;
}

/** @returns its id, or null when its owner has one of that name */
export async function insertToken(db: DbOrTx, token: NewToken): Promise<number | null> {
  const row = await db.sql
    .insertInto('tokens')
    .values({
      user_id: token.userId,
      name: token.name,
      hash: token.hash,
      scope: token.scope === null ? null : JSON.stringify(token.scope),
      worker: token.worker === null ? null : JSON.stringify(token.worker),
      created_at: token.now,
      created_by: storable(token.actor, 500),
      expires_at: token.expiresAt,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id ?? null;
}

/** The token with this SHA-256 and its owner as both now are, revoked and disabled ones too. */
export async function findToken(
  db: DbOrTx,
  hash: string,
): Promise<{ token: Token; owner: Pick<User, 'id' | 'name' | 'disabledAt'> | null; hash: string } | null> {
  const row = await tokens(db).where('tokens.hash', '=', hash).executeTakeFirst();
  if (row === undefined) return null;
  const { ownerId: id, ownerName: name, ownerDisabledAt: disabledAt } = row;
  const owner = id === null || name === null ? null : { id, name, disabledAt };
  return { token: toToken(row), owner, hash: row.hash };
}

export interface TokenFilter {
  id?: number;
  userId?: number;
  /** Only the tokens of workers. */
  ofWorkers?: boolean;
  name?: string;
  /** Those that were revoked, too. */
  revoked?: boolean;
}

/** Tokens, the first made first. */
export async function listTokens(db: DbOrTx, filter: TokenFilter = {}): Promise<Token[]> {
  const { id, userId, ofWorkers = false, name, revoked = false } = filter;
  let query = tokens(db);
  if (id !== undefined) query = query.where('tokens.id', '=', id);
  if (userId !== undefined) query = query.where('tokens.user_id', '=', userId);
  if (ofWorkers) query = query.where('tokens.user_id', 'is', null);
  if (name !== undefined) query = query.where('tokens.name', '=', name);
  if (!revoked) query = query.where('tokens.revoked_at', 'is', null);
  return (await query.orderBy('tokens.id').execute()).map(toToken);
}

/** @returns whether it was in force until now */
export async function revokeToken(
  db: DbOrTx,
  id: number,
  { actor, now }: { actor: string; now: number },
): Promise<boolean> {
  const row = await db.sql
    .updateTable('tokens')
    .set({ revoked_at: now, revoked_by: storable(actor, 500) })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Notes that a token was used, unless that was noted after `before`: several servers do it, and none needs it to the second. */
export async function noteUse(db: DbOrTx, id: number, now: number, before: number): Promise<void> {
  await db.sql
    .updateTable('tokens')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', before)]))
    .execute();
}

function tokens(db: DbOrTx) {
  return db.sql
    .selectFrom('tokens')
    .leftJoin('users', 'users.id', 'tokens.user_id')
    .selectAll('tokens')
    .select(['users.id as ownerId', 'users.name as ownerName', 'users.disabled_at as ownerDisabledAt']);
}

function toToken(row: Selectable<TokensTable> & { ownerName: Selectable<UsersTable>['name'] | null }): Token {
  return {
    id: row.id,
    user: row.ownerName,
    name: row.name,
    scope: row.scope === null ? null : (parsed(row.scope) as Grant[]),
    worker: row.worker === null ? null : (parsed(row.worker) as WorkerScope),
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}
