import {
  grantsInForce,
  insertToken,
  listTokens,
  revokeToken,
  type Db,
  type DbOrTx,
  type Token,
  type Tx,
} from '../db/index.ts';
import { sha256, TrunklineError } from '../lib/index.ts';
import { isWithin, PATTERN, type Grant, type WorkerScope } from '../model/access/index.ts';
import { checkName, record, type Change } from './change.ts';
import { checkGrant } from './grants.ts';
import { makeToken } from './token-text.ts';
import { requireUser } from './users.ts';

/** A token that was just made: `secret` is shown this once. */
export interface MadeToken {
  token: Token;
  secret: string;
}

export interface TokenOrder {
  user: string;
  name: string;
  /** What it may of what its owner may; null: all of it. */
  scope: readonly Grant[] | null;
  /** null: never. */
  expiresAt: number | null;
}

const MOST_IN_SCOPE = 50;

/** @throws TrunklineError `not_found`, `already_exists`, `invalid_argument` for a scope that is not within the owner's grants */
export function createToken(db: Db, order: TokenOrder, change: Change): Promise<MadeToken> {
  const { user, name, scope, expiresAt } = order;
  checkOrder(name, expiresAt, change.now);
  checkLength(scope ?? []);
  scope?.forEach(checkGrant);
  return db.transaction(async (tx) => {
    const owner = await requireUser(tx, user);
    if (scope !== null) refuseMore(scope, (await grantsInForce(tx, owner.id)).own, user);
    return insert(
      tx,
      { userId: owner.id, name, scope, worker: null, expiresAt, subject: `token/${user}/${name}` },
      change,
    );
  });
}

/** Makes the token of a worker, which may do nothing but work. @throws TrunklineError `already_exists`, `invalid_argument` */
export function createWorkerToken(
  db: Db,
  { name, worker, expiresAt }: { name: string; worker: WorkerScope; expiresAt: number | null },
  change: Change,
): Promise<MadeToken> {
  checkOrder(name, expiresAt, change.now);
  checkLength([...worker.targets, ...worker.labels]);
  for (const pattern of [...worker.targets, ...worker.labels])
    if (!PATTERN.test(pattern))
      throw new TrunklineError(
        'invalid_argument',
        `${JSON.stringify(pattern.slice(0, 100))} is no target and no label`,
        {
          hint: 'write a name, or one with * for any characters: fedora-*',
        },
      );
  if (worker.targets.length === 0)
    throw new TrunklineError('invalid_argument', 'The worker has no target to work for', {
      hint: 'name targets, or * for all',
    });
  return db.transaction((tx) =>
    insert(tx, { userId: null, name, scope: null, worker, expiresAt, subject: `worker/${name}` }, change),
  );
}

/** Ends a token at once. @throws TrunklineError `not_found` also for one that was revoked before */
export function endToken(db: Db, id: number, change: Change): Promise<Token> {
  return db.transaction(async (tx) => {
    const token = await requireToken(tx, id);
    if (!(await revokeToken(tx, id, change))) throw new Error(`Token ${id} was revoked twice`);
    const subject = token.user === null ? `worker/${token.name}` : `token/${token.user}/${token.name}`;
    await record(tx, change, 'revoke_token', subject, { id });
    return { ...token, revokedAt: change.now };
  });
}

/** A token that is not revoked. @throws TrunklineError `not_found` */
export async function requireToken(db: DbOrTx, id: number): Promise<Token> {
  const [token] = await listTokens(db, { id });
  if (token !== undefined) return token;
  throw new TrunklineError('not_found', `There is no token ${id}, or it was revoked`, {
    hint: 'trunkline token list shows the tokens',
  });
}

/** By number, `USER/NAME` or `worker/NAME`. @throws TrunklineError `not_found` */
export async function findTokenNamed(db: DbOrTx, text: string): Promise<Token> {
  if (/^\d{1,15}$/.test(text)) return requireToken(db, Number(text));
  const [, owner = '', name = ''] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  const filter = owner === 'worker' ? { ofWorkers: true } : { userId: (await requireUser(db, owner)).id };
  const [token] = await listTokens(db, { ...filter, name });
  if (token !== undefined) return token;
  throw new TrunklineError('not_found', `There is no token ${text.slice(0, 200)}`, {
    hint: 'trunkline token list shows the tokens',
  });
}

async function insert(
  tx: Tx,
  { subject, ...wanted }: Omit<Parameters<typeof insertToken>[1], 'hash' | 'actor' | 'now'> & { subject: string },
  change: Change,
): Promise<MadeToken> {
  const secret = makeToken(wanted.userId === null ? 'worker' : 'user');
  const id = await insertToken(tx, { ...wanted, hash: sha256(secret), ...change });
  if (id === null)
    throw new TrunklineError('already_exists', `There is a token ${subject} already`, {
      hint: 'revoke it first, or choose another name',
    });
  const { scope, worker, expiresAt } = wanted;
  const expires = expiresAt === null ? null : new Date(expiresAt).toISOString();
  await record(tx, change, 'create_token', subject, { id, ...(worker === null ? { scope } : { worker }), expires });
  return { token: await requireToken(tx, id), secret };
}

function refuseMore(scope: readonly Grant[], grants: readonly Grant[], user: string): void {
  const more = scope.find((grant) => !isWithin(grant, grants));
  if (more !== undefined)
    throw new TrunklineError('invalid_argument', `${user} does not have what the token shall: ${describeGrant(more)}`, {
      hint:
        grants.length === 0
          ? `${user} has no grants`
          : `${user} has: ${grants.slice(0, 10).map(describeGrant).join('; ')}`,
    });
}

/** `qa on target fedora-*, ref tested`; `admin` for one without limits. */
export function describeGrant({ role, ...limits }: Grant): string {
  const words = Object.entries(limits).map(([limit, value]) => `${limit} ${value}`);
  return words.length === 0 ? role : `${role} on ${words.join(', ')}`;
}

function checkOrder(name: string, expiresAt: number | null, now: number): void {
  checkName('token', name);
  if (expiresAt !== null && expiresAt <= now)
    throw new TrunklineError('invalid_argument', 'The token would have expired already', {
      hint: 'name a moment that is to come',
    });
}

function checkLength(list: readonly unknown[]): void {
  if (list.length > MOST_IN_SCOPE)
    throw new TrunklineError('invalid_argument', `A token’s scope has at most ${MOST_IN_SCOPE} entries`, {
      hint: 'use patterns with *',
    });
}
