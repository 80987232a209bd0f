import type { DbOrTx } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { isWithin, type Grant, type Principal } from '../model/access/index.ts';
import { requireMay } from './refusal.ts';
import { describeGrant } from './tokens.ts';

/**
 * Goes on only for those who may give, or take, this grant: nobody deals out what reaches further than what they have.
 * @throws TrunklineError `unauthorized`, `forbidden`
 */
export async function requireGiving(db: DbOrTx, principal: Principal, grant: Grant): Promise<void> {
  const { role, ...limits } = grant;
  await requireMay(db, principal, 'grant.change', limits);
  const { grants, scope } = principal;
  if (isWithin(grant, grants) && (scope === undefined || isWithin(grant, scope))) return;
  throw new TrunklineError('forbidden', `${principal.name} does not have this: ${describeGrant({ role, ...limits })}`, {
    hint: 'nobody gives or takes what reaches further than what they have: ask somebody who has it',
  });
}

/**
 * Goes on only for those who may see (`looks`) and change how a user logs in, or give them a token or a password (`adds`): the user, with a password,
 * and administrators.
 * @throws TrunklineError `unauthorized`, `forbidden`
 */
export async function requireAccount(
  db: DbOrTx,
  principal: Principal,
  user: string,
  { looks = false, adds = false } = {},
): Promise<void> {
  const own = principal.user === user;
  if (own && (looks || principal.kind === 'user')) return;
  if (own && !adds)
    throw new TrunklineError('forbidden', 'A token changes nothing of how its owner logs in, and ends only itself', {
      hint: 'log in with your password, or ask an administrator',
    });
  if (own) throw madeByToken(principal);
  if (adds) await requireLogins(db, principal);
  else await requireMay(db, principal, 'user.change', {});
}

/**
 * Goes on only for those who may make a way in for others. No token does: one that leaks would outlive its end.
 * @throws TrunklineError `unauthorized`, `forbidden`
 */
export async function requireLogins(db: DbOrTx, principal: Principal): Promise<void> {
  await requireMay(db, principal, 'login.give', {});
  if (principal.kind === 'token') throw madeByToken(principal);
}

function madeByToken({ name }: Principal): TrunklineError {
  return new TrunklineError('forbidden', `${name} is a token: it makes no token and no password, for nobody`, {
    hint: 'log in with your password, or run trunkline token create on the machine itself',
  });
}
