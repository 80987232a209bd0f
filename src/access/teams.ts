import {
  insertMember,
  insertTeam,
  listTeams,
  removeMember,
  removeTeam,
  type Db,
  type DbOrTx,
  type Team,
} from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { checkName, record, type Change } from './change.ts';
import { requireUser } from './users.ts';

/** @throws TrunklineError `already_exists`, `invalid_argument` */
export function createTeam(db: Db, name: string, change: Change): Promise<Team> {
  checkName('team', name);
  return db.transaction(async (tx) => {
    if ((await insertTeam(tx, { name, ...change })) === null)
      throw new TrunklineError('already_exists', `There is a team ${name} already`, {
        hint: 'trunkline team list shows the teams',
      });
    await record(tx, change, 'create_team', `team/${name}`);
    return requireTeam(tx, name);
  });
}

/** Removes a team with its grants; its members stay users. @throws TrunklineError `not_found` */
export function deleteTeam(db: Db, name: string, change: Change): Promise<Team> {
  return db.transaction(async (tx) => {
    const team = await requireTeam(tx, name);
    await removeTeam(tx, team.id);
    await record(tx, change, 'delete_team', `team/${name}`, { members: team.members });
    return team;
  });
}

/** Takes a user into a team, with all that is granted to it. @throws TrunklineError `not_found` */
export function addMember(db: Db, name: string, user: string, change: Change): Promise<Team> {
  return db.transaction(async (tx) => {
    const team = await requireTeam(tx, name);
    const { id } = await requireUser(tx, user);
    if (await insertMember(tx, team.id, id)) await record(tx, change, 'add_member', `team/${name}`, { user });
    return requireTeam(tx, name);
  });
}

/** @throws TrunklineError `not_found` also for a user who is not in the team */
export function dismissMember(db: Db, name: string, user: string, change: Change): Promise<Team> {
  return db.transaction(async (tx) => {
    const team = await requireTeam(tx, name);
    const { id } = await requireUser(tx, user);
    if (!(await removeMember(tx, team.id, id)))
      throw new TrunklineError('not_found', `${user} is not in the team ${name}`, {
        hint: team.members.length === 0 ? 'it has no members' : `its members are: ${team.members.join(', ')}`,
      });
    await record(tx, change, 'remove_member', `team/${name}`, { user });
    return requireTeam(tx, name);
  });
}

/** @throws TrunklineError `not_found` */
export async function requireTeam(db: DbOrTx, name: string): Promise<Team> {
  const [team] = await listTeams(db, name);
  if (team !== undefined) return team;
  throw new TrunklineError('not_found', `There is no team ${name.slice(0, 100)}`, {
    hint: 'trunkline team list shows the teams',
  });
}
