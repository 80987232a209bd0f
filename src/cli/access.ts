import type { Change, HolderName } from '../access/index.ts';
import { openForReading, openForWriting } from '../app/index.ts';
import type { AuditEntry, Db, GivenGrant, Team, Token, User } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Grant, Limit, Role } from '../model/access/index.ts';
import type { Settings } from '../model/index.ts';
import { actor } from './order.ts';
import { isoTime } from './views.ts';

/** Changes users, teams, tokens or grants on the machine itself, alone with the database, as whoever is logged in there. */
export async function changeAccess<T>(
  settings: Settings,
  reason: string | undefined,
  work: (db: Db, change: Change) => Promise<T>,
): Promise<T> {
  // Nothing is published, so that no signing key is needed and nothing has to be recovered.
  const trunk = await openForWriting(settings, { forKeys: true });
  try {
    return await work(trunk.context.db, { actor: actor(), reason: reason ?? null, now: trunk.context.now() });
  } finally {
    await trunk.close();
  }
}

/** Looks at users, teams, tokens or grants, beside a server too. */
export async function readAccess<T>(settings: Settings, work: (db: Db) => Promise<T>): Promise<T> {
  const trunk = await openForReading(settings);
  try {
    return await work(trunk.context.db);
  } finally {
    await trunk.close();
  }
}

/** `ada` or `user/ada`, `team/testers`, `anonymous`. */
export function holderOf(text: string): HolderName {
  if (text === 'anonymous') return text;
  const [, kind = 'user', name = text] = /^(user|team)\/(.*)$/s.exec(text) ?? [];
  return kind === 'team' ? { team: name } : { user: name };
}

/** `qa`, or `qa,target=fedora-*,ref=tested`. What is in it is checked where the grant is given. @throws TrunklineError `invalid_argument` */
export function grantOf(text: string): Grant {
  const [role = '', ...limits] = text.split(',');
  const grant: Partial<Record<Limit, string>> = {};
  for (const limit of limits) {
    const [, name, value] = /^(project|target|ref)=(.+)$/s.exec(limit) ?? [];
    if (name === undefined || value === undefined || name in grant)
      throw new TrunklineError('invalid_argument', `${JSON.stringify(text.slice(0, 200))} is no role with limits`, {
        hint: 'write it as qa, or qa,target=fedora-*,ref=tested',
      });
    grant[name as Limit] = value;
  }
  return { role: role as Role, ...grant };
}

/** A user as `--json` gives them. */
export function userView({ createdAt, disabledAt, ...user }: User) {
  return { ...user, createdAt: isoTime(createdAt), disabledAt: isoTime(disabledAt) };
}

/** A team as `--json` gives it. */
export function teamView({ createdAt, ...team }: Team) {
  return { ...team, createdAt: isoTime(createdAt) };
}

/** A token as `--json` gives it. */
export function tokenView({ createdAt, expiresAt, lastUsedAt, revokedAt, ...token }: Token) {
  const times = { expiresAt: isoTime(expiresAt), lastUsedAt: isoTime(lastUsedAt), revokedAt: isoTime(revokedAt) };
  return { ...token, createdAt: isoTime(createdAt), ...times };
}

/** A grant as `--json` gives it. */
export function grantView({ createdAt, holder, holderName, grant, ...given }: GivenGrant) {
  return { ...given, holder, name: holderName, ...grant, createdAt: isoTime(createdAt) };
}

/** An entry of the audit log as `--json` gives it. */
export function auditView({ createdAt, ...entry }: AuditEntry) {
  return { ...entry, createdAt: isoTime(createdAt) };
}
