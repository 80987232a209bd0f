import { createHmac, randomBytes } from 'node:crypto';
import { findLogin, updatePassword, type Db, type User } from '../db/index.ts';
import { createTurns, TrunklineError } from '../lib/index.ts';
import type { Login } from './authorization.ts';
import { createFailedLogins } from './failed-logins.ts';
import { hashPassword, verifyPassword } from './password.ts';

/** Milliseconds for which a good password is not derived again: dnf and apt send it with every file. */
const REMEMBERED = 5 * 60_000;
const MOST = 1000;
/** Logins that are derived at once, each 32 MiB, and those that wait. */
const AT_ONCE = 2;
const WAITING = 20;

type CheckLogin = (login: Extract<Login, { kind: 'password' }>, address: string, now: number) => Promise<User>;

/**
 * Makes what checks passwords; it answers the user.
 * @throws TrunklineError `unauthorized`, the same whether it is the user or the password that is wrong; `rate_limited` with `retryAfter`
 */
export function createLogins(db: Db): CheckLogin {
  const failedLogins = createFailedLogins();
  const inTurn = createTurns(AT_ONCE, WAITING, {
    what: 'Too many people log in at this moment',
    hint: 'try again in a few seconds, or use a token',
  });
  const good = createGoodPasswords();
  return async ({ user: name, password }, address, now) => {
    const found = await findLogin(db, name);
    const stored = found?.password ?? null;
    const known = stored !== null && good.has(stored, password, now);
    failedLogins.check(name, address, now, known);
    if (!known) {
      const check = await inTurn(async () => {
        // Guesses that came together do not all slip through before the first of them is counted.
        failedLogins.check(name, address, now);
        const result = await verifyPassword(password, stored);
        if (!result.good) failedLogins.failed(name, address, now);
        return result;
      });
      if (!check.good || stored === null) throw refused();
      good.add(stored, password, now);
      if (check.outdated && found !== null && db.mode === 'write') await rehash(db, found.user.id, password, stored);
    }
    if (found?.user.disabledAt !== null) throw refused('This user is disabled');
    failedLogins.succeeded(name, address);
    return found.user;
  };
}

async function rehash(db: Db, id: number, password: string, stored: string): Promise<void> {
  await updatePassword(db, id, await hashPassword(password), { from: stored });
}

/** Passwords that were good a moment ago, by what is stored of them: another password set means another entry. Nothing in it tells a password. */
function createGoodPasswords() {
  const key = randomBytes(32);
  const until = new Map<string, number>();
  const digest = (stored: string, password: string) =>
    createHmac('sha256', key).update(`${stored}\0${password}`).digest('base64');
  return {
    has: (stored: string, password: string, now: number) => (until.get(digest(stored, password)) ?? 0) > now,
    add(stored: string, password: string, now: number) {
      until.set(digest(stored, password), now + REMEMBERED);
      for (const oldest of until.keys()) {
        if (until.size <= MOST) break;
        until.delete(oldest);
      }
    },
  };
}

function refused(why = 'The user or the password is not right'): TrunklineError {
  return new TrunklineError('unauthorized', why, {
    hint: 'an administrator sets a new one with trunkline user password',
  });
}
