import type { Selectable } from 'kysely';
import type { Grant } from '../model/access/index.ts';
import type { DbOrTx } from './database.ts';
import type { GrantsTable } from './access-schema.ts';
import { storable } from './text.ts';

/** Whom a grant is given to. `anonymous` is everybody. */
export type Holder = { kind: 'user' | 'team'; id: number } | { kind: 'anonymous'; id: 0 };

/** A grant that somebody gave. */
export interface GivenGrant {
  id: number;
  holder: Holder['kind'];
  /** Of the user or team; `anonymous` for everybody. */
  holderName: string;
  grant: Grant;
  createdAt: number;
  createdBy: string;
}

/** What counts for one user, or, with null, for somebody who has not logged in. */
export interface GrantsInForce {
  /** The user's own and those of their teams. */
  own: readonly Grant[];
  /** Everybody's. */
  anonymous: readonly Grant[];
}

/** @returns its id, or null when the same was given before */
export async function insertGrant(
  db: DbOrTx,
  holder: Holder,
  grant: Grant,
  { actor, now }: { actor: string; now: number },
): Promise<number | null> {
  const row = await db.sql
    .insertInto('grants')
    .values({
      holder_kind: holder.kind,
      holder_id: holder.id,
      role: grant.role,
      project: grant.project ?? '*',
      target: grant.target ?? '*',
      ref: grant.ref ?? '*',
      created_at: now,
      created_by: storable(actor, 500),
    })
    .onConflict((conflict) =>
      conflict.columns(['holder_kind', 'holder_id', 'role', 'project', 'target', 'ref']).doNothing(),
    )
    .returning('id')
    .executeTakeFirst();
  return row?.id ?? null;
}

export async function removeGrant(db: DbOrTx, id: number): Promise<void> {
  await db.sql.deleteFrom('grants').where('id', '=', id).execute();
}

export async function findGrant(db: DbOrTx, id: number): Promise<GivenGrant | null> {
  return (await listGrants(db, { id }))[0] ?? null;
}

/** What was given, to all or to one, the first given first. */
export async function listGrants(db: DbOrTx, filter: { id?: number; holder?: Holder } = {}): Promise<GivenGrant[]> {
  let query = db.sql
    .selectFrom('grants')
    .leftJoin('users', (join) => join.onRef('users.id', '=', 'grants.holder_id').on('grants.holder_kind', '=', 'user'))
    .leftJoin('teams', (join) => join.onRef('teams.id', '=', 'grants.holder_id').on('grants.holder_kind', '=', 'team'))
    .selectAll('grants')
    .select(['users.name as userName', 'teams.name as teamName']);
  const { id, holder } = filter;
  if (id !== undefined) query = query.where('grants.id', '=', id);
  if (holder !== undefined)
    query = query.where('grants.holder_kind', '=', holder.kind).where('grants.holder_id', '=', holder.id);
  const rows = await query.orderBy('grants.id').execute();
  return rows.map((row) => ({
    id: row.id,
    holder: row.holder_kind,
    holderName: row.userName ?? row.teamName ?? 'anonymous',
    grant: toGrant(row),
    createdAt: row.created_at,
    createdBy: row.created_by,
  }));
}

/** The grants that count for a user, read in one query: it is asked at every request. */
export async function grantsInForce(db: DbOrTx, userId: number | null): Promise<GrantsInForce> {
  const id = userId ?? -1;
  const rows = await db.sql
    .selectFrom('grants')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('holder_kind', '=', 'anonymous'),
        eb.and([eb('holder_kind', '=', 'user'), eb('holder_id', '=', id)]),
        eb.and([
          eb('holder_kind', '=', 'team'),
          eb('holder_id', 'in', eb.selectFrom('team_members').select('team_id').where('user_id', '=', id)),
        ]),
      ]),
    )
    .orderBy('id')
    .execute();
  const of = (anonymous: boolean) => rows.filter((row) => (row.holder_kind === 'anonymous') === anonymous).map(toGrant);
  return { own: of(false), anonymous: of(true) };
}

/** Users who are not disabled, with each grant of a role that they or a team of theirs have. */
export async function listHolders(db: DbOrTx, role: Grant['role']): Promise<{ user: string; grant: Grant }[]> {
  const rows = await db.sql
    .selectFrom('grants')
    .leftJoin('team_members', (join) =>
      join.onRef('team_members.team_id', '=', 'grants.holder_id').on('grants.holder_kind', '=', 'team'),
    )
    .innerJoin('users', (join) =>
      join.on((eb) =>
        eb.or([
          eb.and([eb('grants.holder_kind', '=', 'user'), eb('users.id', '=', eb.ref('grants.holder_id'))]),
          eb('users.id', '=', eb.ref('team_members.user_id')),
        ]),
      ),
    )
    .selectAll('grants')
    .select('users.name as userName')
    .where('grants.role', '=', role)
    .where('users.disabled_at', 'is', null)
    .orderBy('users.name')
    .orderBy('grants.id')
    .execute();
  return rows.map((row) => ({ user: row.userName, grant: toGrant(row) }));
}

function toGrant({ role, project, target, ref }: Selectable<GrantsTable>): Grant {
  return {
    role,
    ...(project === '*' ? {} : { project }),
    ...(target === '*' ? {} : { target }),
    ...(ref === '*' ? {} : { ref }),
  };
}
