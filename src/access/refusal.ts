import { listHolders, type DbOrTx } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { isWithin, LIMITS, may, ruleOf, type Action, type Principal, type Subjects } from '../model/access/index.ts';

/** Names of administrators that a refusal gives. */
const NAMED = 5;

/**
 * Goes on only for those who may.
 * @throws TrunklineError `unauthorized` for somebody who has not logged in; `forbidden` saying which role is needed and who can grant it
 */
export async function requireMay(db: DbOrTx, principal: Principal, action: Action, on: Subjects): Promise<void> {
  if (!may(principal, action, on)) throw await refusal(db, principal, action, on);
}

/** Why somebody may not do something, and who can help. */
export async function refusal(db: DbOrTx, principal: Principal, action: Action, on: Subjects): Promise<TrunklineError> {
  const where = LIMITS.flatMap((limit) => (on[limit] === undefined ? [] : [`${limit} ${on[limit]}`])).join(', ');
  const what = `${ruleOf(action).does}${where === '' ? '' : ` (${where})`}`;
  if (principal.kind === 'anonymous')
    return new TrunklineError('unauthorized', `Whoever wants to ${what} has to log in`, {
      hint: 'send HTTP Basic with a user and a password or token, or Bearer with a token',
    });
  return new TrunklineError('forbidden', `${principal.name} may not ${what}`, {
    hint: await remedy(db, principal, action, on),
  });
}

async function remedy(db: DbOrTx, principal: Principal, action: Action, on: Subjects): Promise<string> {
  const { roles } = ruleOf(action);
  if (roles.length === 0) return 'use the token of a worker: trunkline token create --worker makes one';
  if (principal.kind === 'worker') return 'use a user, or a token of one: a worker may only work';
  const { scope, ...owner } = principal;
  if (scope !== undefined && may(owner, action, on))
    return `${principal.user ?? 'its owner'} may, this token may not: make one with a wider scope`;
  const holders = await listHolders(db, 'admin');
  const able = holders.filter(({ grant }) => isWithin({ role: roles[0] ?? 'admin', ...on }, [grant]));
  const names = [...new Set(able.map(({ user }) => user))];
  const who = names.length === 0 ? 'an administrator of the machine' : names.slice(0, NAMED).join(', ');
  return `it takes the role ${roles.join(' or ')}; ${who} can grant it`;
}
