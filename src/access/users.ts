import {
  findUser,
  insertGrant,
  insertUser,
  removeUser,
  updateDisabled,
  updatePassword,
  type Db,
  type DbOrTx,
  type User,
} from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { checkName, record, type Change } from './change.ts';
import { checkPassword, hashPassword } from './password.ts';

export interface NewUser {
  name: string;
  /** null: the user has tokens only. */
  password: string | null;
  /** May everything everywhere. */
  admin: boolean;
}

/** @throws TrunklineError `already_exists`, `invalid_argument` for a name or password that cannot be */
export async function createUser(db: Db, { name, password, admin }: NewUser, change: Change): Promise<User> {
  checkName('user', name);
  const hash = await hashed(name, password);
  return db.transaction(async (tx) => {
    const user = await insertUser(tx, { name, password: hash, ...change });
    if (user === null)
      throw new TrunklineError('already_exists', `There is a user ${name} already`, {
        hint: `trunkline user show ${name} shows who it is`,
      });
    await record(tx, change, 'create_user', `user/${name}`, { password: hash !== null });
    if (admin) {
      await insertGrant(tx, { kind: 'user', id: user.id }, { role: 'admin' }, change);
      await record(tx, change, 'add_grant', `user/${name}`, { role: 'admin' });
    }
    return user;
  });
}

/** Sets a user's password; null takes it away. @throws TrunklineError `not_found`, `invalid_argument` */
export async function setPassword(db: Db, name: string, password: string | null, change: Change): Promise<User> {
  await requireUser(db, name);
  const hash = await hashed(name, password);
  return db.transaction(async (tx) => {
    const user = await requireUser(tx, name);
    await updatePassword(tx, user.id, hash);
    await record(tx, change, 'set_password', `user/${name}`, { password: hash !== null });
    return { ...user, hasPassword: hash !== null };
  });
}

/** Lets a user and their tokens in no more; grants and tokens are kept. @throws TrunklineError `not_found` */
export function disableUser(db: Db, name: string, change: Change): Promise<User> {
  return setDisabled(db, name, change, 'disable_user', change.now);
}

/** Lets a disabled user in again. @throws TrunklineError `not_found` */
export function enableUser(db: Db, name: string, change: Change): Promise<User> {
  return setDisabled(db, name, change, 'enable_user', null);
}

/** Removes a user with their grants and tokens; what they did stays in the audit log. @throws TrunklineError `not_found` */
export function deleteUser(db: Db, name: string, change: Change): Promise<User> {
  return db.transaction(async (tx) => {
    const user = await requireUser(tx, name);
    await removeUser(tx, user.id);
    await record(tx, change, 'delete_user', `user/${name}`);
    return user;
  });
}

/** @throws TrunklineError `not_found` */
export async function requireUser(db: DbOrTx, name: string): Promise<User> {
  const user = await findUser(db, name);
  if (user !== null) return user;
  throw new TrunklineError('not_found', `There is no user ${name.slice(0, 100)}`, {
    hint: 'trunkline user list shows who there is',
  });
}

function setDisabled(
  db: Db,
  name: string,
  change: Change,
  action: 'disable_user' | 'enable_user',
  disabledAt: number | null,
): Promise<User> {
  return db.transaction(async (tx) => {
    const user = await requireUser(tx, name);
    if ((user.disabledAt === null) === (disabledAt === null)) return user;
    await updateDisabled(tx, user.id, disabledAt);
    await record(tx, change, action, `user/${name}`);
    return { ...user, disabledAt };
  });
}

async function hashed(user: string, password: string | null): Promise<string | null> {
  if (password === null) return null;
  checkPassword(user, password);
  return hashPassword(password);
}
