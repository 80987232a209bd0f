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
 * Goes on only for those who may see and change how a user logs in: the user, with a password, and whoever changes users. A token makes no other
 * way in for its owner, or one that leaks would outlive its end.
 * @throws TrunklineError `unauthorized`, `forbidden`
 */
export async function requireAccount(
  db: DbOrTx,
  principal: Principal,
  user: string,
  { looks = false } = {},
): Promise<void> {
  const own = principal.user === user;
  if (own && (looks || principal.kind === 'user')) return;
  if (own)
    throw new TrunklineError('forbidden', 'A token makes no token and no password for its owner', {
      hint: 'log in with your password, or ask an administrator',
    });
  await requireMay(db, principal, 'user.change', {});
}
