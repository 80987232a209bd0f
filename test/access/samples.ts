import { createAuthenticator, createUser, type Change } from '../../src/access/index.ts';
import type { Db } from '../../src/db/index.ts';
import type { Restriction } from '../../src/model/access/index.ts';
import { NOON } from '../db/samples.ts';

export const PASSWORD = 'correct horse battery';
export const ADDRESS = '192.0.2.7';
export const change = (now = NOON): Change => ({ actor: 'root', reason: null, now });

export const basic = (user: string, secret: string) =>
  `Basic ${Buffer.from(`${user}:${secret}`, 'utf8').toString('base64')}`;

/** A database with one user, ada, and what says who asks. */
export async function withAda(
  db: Db,
  { restricted = [], admin = false }: { restricted?: Restriction[]; admin?: boolean } = {},
) {
  await createUser(db, { name: 'ada', password: PASSWORD, admin }, change());
  const authenticate = createAuthenticator(db, { restricted });
  return {
    authenticate,
    ask: (authorization: string | undefined, { now = NOON, address = ADDRESS } = {}) =>
      authenticate({ authorization, address }, now),
  };
}
