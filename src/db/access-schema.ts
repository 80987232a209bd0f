import type { ColumnType, Generated } from 'kysely';
import type { Role } from '../model/access/index.ts';
import type { Fixed, Json, Time } from './column-types.ts';

export interface UsersTable {
  id: Generated<number>;
  name: Fixed<string>;
  /** scrypt's result with its parameters and salt; null for a user with tokens only. */
  password: string | null;
  created_at: Fixed<Time>;
  created_by: Fixed<string>;
  disabled_at: Time | null;
}

export interface TeamsTable {
  id: Generated<number>;
  name: Fixed<string>;
  created_at: Fixed<Time>;
  created_by: Fixed<string>;
}

export interface TeamMembersTable {
  team_id: Fixed<number>;
  user_id: Fixed<number>;
}

export interface GrantsTable {
  id: Generated<number>;
  holder_kind: Fixed<'user' | 'team' | 'anonymous'>;
  /** 0 for anonymous. */
  holder_id: Fixed<number>;
  role: Fixed<Role>;
  /** `*`: all. */
  project: Fixed<string>;
  target: Fixed<string>;
  ref: Fixed<string>;
  created_at: Fixed<Time>;
  created_by: Fixed<string>;
}

export interface TokensTable {
  id: Generated<number>;
  /** null for the token of a worker. */
  user_id: Fixed<number | null>;
  name: Fixed<string>;
  /** SHA-256 of the token; the token itself is kept nowhere. */
  hash: Fixed<string>;
  /** Grants, or null for all that the user may. */
  scope: Fixed<Json | null>;
  /** What a worker may do with it. */
  worker: Fixed<Json | null>;
  created_at: Fixed<Time>;
  created_by: Fixed<string>;
  expires_at: Fixed<Time | null>;
  last_used_at: ColumnType<Time | null, never, Time>;
  revoked_at: ColumnType<Time | null, never, Time>;
  revoked_by: ColumnType<string | null, never, string>;
}

export interface AccessSchema {
  users: UsersTable;
  teams: TeamsTable;
  team_members: TeamMembersTable;
  grants: GrantsTable;
  tokens: TokensTable;
}
