import type { Change, HolderName } from '../access/index.ts';
import type { Client, GrantResource, TokenResource } from '../api/index.ts';
import { openForReading } from '../app/index.ts';
import type { AuditEntry, Db, GivenGrant, Team, Token, User } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Grant, Limit, Role } from '../model/access/index.ts';
import type { Settings } from '../model/index.ts';
import type { AccessOptions } from './command.ts';
import { actor } from './order.ts';
import { onServerOrAlone } from './server.ts';
import { isoTime } from './views.ts';

/** A change of users, teams, tokens or grants: with the database, or by asking the server. */
export interface AccessChange<T> {
  alone: (db: Db, change: Change) => Promise<T>;
  server: (client: Client, why: { reason?: string }) => Promise<T>;
}

/** Changes users, teams, tokens or grants as whoever is logged in on the machine, or has the token given: with the server where one runs. */
export async function changeAccess<T>(
  settings: Settings,
  options: AccessOptions,
  { alone, server }: AccessChange<T>,
): Promise<T> {
  const reason = options.reason?.trim() === '' ? undefined : options.reason;
  const { done } = await onServerOrAlone<T>(settings, options, {
    alone: ({ context }) => alone(context.db, { actor: actor(), reason: reason ?? null, now: context.now() }),
    server: (client) => server(client, reason === undefined ? {} : { reason }),
    // Nothing is published, so that no signing key is needed and nothing has to be recovered.
    how: { forKeys: true },
  });
  return done;
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

/** A holder as the API writes one. */
export function writtenHolder(holder: HolderName): string {
  if (holder === 'anonymous') return holder;
  return 'team' in holder ? `team/${holder.team}` : `user/${holder.user}`;
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

/** The same of a token that a server tells of. */
export function servedTokenView(token: TokenResource): ReturnType<typeof tokenView> {
  return { ...token, scope: token.scope?.map(limited) ?? null };
}

/** A grant as `--json` gives it. */
export function grantView({ createdAt, holder, holderName, grant, ...given }: GivenGrant) {
  return { ...given, holder, name: holderName, ...grant, createdAt: isoTime(createdAt) };
}

/** The same of a grant that a server tells of. */
export function servedGrantView({ id, holder, createdBy, createdAt, ...grant }: GrantResource) {
  const [kind = '', name = kind] = holder.split('/');
  return { id, createdBy, holder: kind as GivenGrant['holder'], name, ...limited(grant), createdAt };
}

/** The role and the limits of a grant, without limits that are not there. */
export function limited({
  role,
  project,
  target,
  ref,
}: { role: Role } & Partial<Record<Limit, string | undefined>>): Grant {
  const limits = Object.entries({ project, target, ref }).filter(([, limit]) => limit !== undefined);
  return { role, ...Object.fromEntries(limits) };
}

/** An entry of the audit log as `--json` gives it. */
export function auditView({ createdAt, ...entry }: AuditEntry) {
  return { ...entry, createdAt: isoTime(createdAt) };
}
