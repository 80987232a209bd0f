import {
  findGrant,
  insertGrant,
  listGrants,
  removeGrant,
  type Db,
  type DbOrTx,
  type GivenGrant,
  type Holder,
} from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { LIMITS, PATTERN, ROLES, type Grant } from '../model/access/index.ts';
import { record, type Change } from './change.ts';
import { requireTeam } from './teams.ts';
import { requireUser } from './users.ts';

/** Whom a grant is given to, by name; `anonymous` is everybody, logged in or not. */
export type HolderName = { user: string } | { team: string } | 'anonymous';

/**
 * Gives a role, everywhere or within limits.
 * @throws TrunklineError `not_found`, `already_exists`, `invalid_argument` for a limit that names nothing, or more than `viewer` for everybody
 */
export function addGrant(db: Db, to: HolderName, grant: Grant, change: Change): Promise<GivenGrant> {
  checkGrant(grant);
  if (to === 'anonymous' && grant.role !== 'viewer')
    throw new TrunklineError('invalid_argument', `Everybody cannot be ${grant.role}`, {
      hint: 'anonymous can be granted viewer, which opens what is restricted',
    });
  return db.transaction(async (tx) => {
    const id = await insertGrant(tx, await findHolder(tx, to), grant, change);
    const given = id === null ? null : await findGrant(tx, id);
    if (given === null)
      throw new TrunklineError('already_exists', `${subjectOf(to)} has this grant already`, {
        hint: 'trunkline grant list shows what is given',
      });
    await record(tx, change, 'add_grant', subjectOf(to), { ...grant });
    return given;
  });
}

/** Takes a grant away. @throws TrunklineError `not_found` */
export function takeGrant(db: Db, id: number, change: Change): Promise<GivenGrant> {
  return db.transaction(async (tx) => {
    const given = await requireGrant(tx, id);
    await removeGrant(tx, id);
    await record(tx, change, 'remove_grant', subjectOfGrant(given), { ...given.grant });
    return given;
  });
}

/** @throws TrunklineError `not_found` */
export async function requireGrant(db: DbOrTx, id: number): Promise<GivenGrant> {
  const given = await findGrant(db, id);
  if (given !== null) return given;
  throw new TrunklineError('not_found', `There is no grant ${id}`, {
    hint: 'trunkline grant list shows what is given',
  });
}

/** What is given to all, or to one. @throws TrunklineError `not_found` */
export async function grantsOf(db: DbOrTx, to: HolderName | null): Promise<GivenGrant[]> {
  return listGrants(db, to === null ? {} : { holder: await findHolder(db, to) });
}

/** @throws TrunklineError `invalid_argument` for an unknown role, or a limit that is no name and no pattern */
export function checkGrant(grant: Grant): void {
  if (!ROLES.includes(grant.role))
    throw new TrunklineError('invalid_argument', `There is no role ${JSON.stringify(grant.role)}`, {
      hint: `the roles are: ${ROLES.join(', ')}`,
    });
  for (const limit of LIMITS) {
    const value = grant[limit];
    if (value !== undefined && !PATTERN.test(value))
      throw new TrunklineError('invalid_argument', `${JSON.stringify(value.slice(0, 100))} can be no ${limit}`, {
        hint: 'write a name, or one with * for any characters: fedora-*',
      });
  }
}

function subjectOfGrant({ holder, holderName }: GivenGrant): string {
  return holder === 'anonymous' ? 'anonymous' : `${holder}/${holderName}`;
}

function subjectOf(to: HolderName): string {
  if (to === 'anonymous') return to;
  return 'user' in to ? `user/${to.user}` : `team/${to.team}`;
}

async function findHolder(db: DbOrTx, to: HolderName): Promise<Holder> {
  if (to === 'anonymous') return { kind: to, id: 0 };
  if ('user' in to) return { kind: 'user', id: (await requireUser(db, to.user)).id };
  return { kind: 'team', id: (await requireTeam(db, to.team)).id };
}
