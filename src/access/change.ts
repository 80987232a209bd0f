import { insertAudit, type Tx } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';

/** Who changes something, why, and when (milliseconds since the epoch). */
export interface Change {
  /** A user's name, `ada/laptop` for a token, or who is logged in on the machine. */
  actor: string;
  reason: string | null;
  now: number;
}

export type AccessAct =
  | 'create_user'
  | 'set_password'
  | 'disable_user'
  | 'enable_user'
  | 'delete_user'
  | 'create_team'
  | 'add_member'
  | 'remove_member'
  | 'delete_team'
  | 'create_token'
  | 'revoke_token'
  | 'add_grant'
  | 'remove_grant';

/** Writes a change to the audit log, in the transaction that makes it. `subject`: `user/ada`, `team/release`, `token/ada/laptop`, `worker/one`. */
export function record(
  tx: Tx,
  change: Change,
  action: AccessAct,
  subject: string,
  detail: Record<string, unknown> | null = null,
): Promise<void> {
  const { actor, reason, now } = change;
  return insertAudit(tx, { actor, action, subject, reason, createdAt: now, detail });
}

const RESERVED = ['anonymous', 'system', 'worker'];

/** @throws TrunklineError `invalid_argument` for what cannot be the name of a user, team or token. */
export function checkName(what: string, name: string): void {
  const refuse = (problem: string, hint: string) => new TrunklineError('invalid_argument', problem, { hint });
  if (!/^[a-z0-9][a-z0-9._@+-]{0,99}$/.test(name))
    throw refuse(
      `${JSON.stringify(name.slice(0, 100))} cannot be the name of a ${what}`,
      'start with a lower-case letter or digit and go on with those and . _ @ + -',
    );
  if (RESERVED.includes(name)) throw refuse(`${name} is a name of Trunkline’s own`, 'use another one');
}
