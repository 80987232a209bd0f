import { timingSafeEqual } from 'node:crypto';
import { findToken, grantsInForce, noteUse, type Db, type Token } from '../db/index.ts';
import { sha256, TrunklineError } from '../lib/index.ts';
import {
  anonymous,
  type Authenticate,
  type Grant,
  type OpenReading,
  type Principal,
  type Restriction,
} from '../model/access/index.ts';
import { readAuthorization, type Login } from './authorization.ts';
import { createLogins } from './login.ts';
import { tokenKind } from './token-text.ts';

/** Milliseconds within which a token's use is noted once. */
const NOTED = 60_000;

/**
 * Makes what says who asks, for every request anew: a user who is disabled, a token that is revoked and a grant that is taken away count at once.
 * `restricted` is what the configuration closes to those without a grant.
 */
export function createAuthenticator(db: Db, { restricted }: { restricted: readonly Restriction[] }): Authenticate {
  const checkPassword = createLogins(db);
  return async ({ authorization, address }, now) => {
    const login = readAuthorization(authorization);
    if (login.kind === 'token') return tokenPrincipal(db, login, restricted, now);
    if (login.kind === 'none') {
      const { anonymous: grants } = await grantsInForce(db, null);
      return anonymous({ restricted, grants });
    }
    const user = await checkPassword(login, address, now);
    const { own, anonymous: grants } = await grantsInForce(db, user.id);
    return { name: user.name, kind: 'user', user: user.name, grants: own, open: { restricted, grants } };
  };
}

async function tokenPrincipal(
  db: Db,
  { token: text, user }: Extract<Login, { kind: 'token' }>,
  restricted: readonly Restriction[],
  now: number,
): Promise<Principal> {
  const found = tokenKind(text) === undefined ? null : await findToken(db, sha256(text));
  if (found === null || !timingSafeEqual(Buffer.from(found.hash), Buffer.from(sha256(text)))) throw badToken();
  const { token, owner } = found;
  // Said to nobody but those who hold it.
  const problem = problemOf(token, owner, user, now);
  if (problem !== undefined) throw badToken(problem);
  if (db.mode === 'write' && (token.lastUsedAt ?? 0) <= now - NOTED) await noteUse(db, token.id, now, now - NOTED);
  const { own, anonymous: grants } = await grantsInForce(db, owner?.id ?? null);
  const open = { restricted, grants };
  return owner === null ? workerPrincipal(token, open) : userToken(token, owner.name, own, open);
}

function userToken(token: Token, owner: string, grants: readonly Grant[], open: OpenReading): Principal {
  const scope = token.scope === null ? {} : { scope: token.scope };
  return { name: `${owner}/${token.name}`, kind: 'token', user: owner, grants, ...scope, open };
}

function workerPrincipal({ name, worker }: Token, open: OpenReading): Principal {
  return { name: `worker/${name}`, kind: 'worker', grants: [], ...(worker === null ? {} : { worker }), open };
}

function problemOf(
  { user, worker, revokedAt, expiresAt }: Token,
  owner: { disabledAt: number | null } | null,
  said: string | null,
  now: number,
): string | undefined {
  if (revokedAt !== null) return 'was revoked';
  if (expiresAt !== null && expiresAt <= now) return `expired on ${new Date(expiresAt).toISOString().slice(0, 10)}`;
  if (owner === null && worker === null) return 'has lost its owner';
  if (owner !== null && owner.disabledAt !== null) return 'belongs to a user who is disabled';
  if (said !== null && user !== null && said !== user) return 'belongs to another user than the one named';
  return undefined;
}

function badToken(problem = 'is not known'): TrunklineError {
  return new TrunklineError('unauthorized', `The token ${problem}`, {
    hint: 'trunkline token create makes one; an administrator may have to',
  });
}
