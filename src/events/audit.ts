import { insertAudit, type DbOrTx } from '../db/index.ts';

/** What somebody asked for, in words that stay: who, what, of what, why. */
export interface Act {
  /** A user's name, `ada/laptop` for a token of hers, `webhook/FORGE/DELIVERY` for a delivery of a forge, or `system`. */
  actor: string;
  action:
    | 'recheck'
    | 'force'
    | 'cancel'
    | 'move_ref'
    | 'remove_ref'
    | 'materialise'
    | 'hold'
    | 'release_hold'
    | 'pin'
    | 'unpin'
    | 'collect'
    | 'quarantine'
    | 'restore'
    | 'rotate_key'
    | 'retire_key'
    | 'upload'
    | 'vote'
    | 'promote'
    | 'demote'
    | 'poll_soon'
    | 'drain_worker'
    | 'resume_worker';
  /** `build/17`, `upload/3`, `ref/fedora-43-x86_64/current`, `key/<fingerprint>`. */
  subject: string;
  reason: string | null;
  /** What the subject does not say. Never a secret. */
  detail?: Readonly<Record<string, unknown>>;
}

/** Writes an act down, in the transaction that carries it out. */
export function audit(db: DbOrTx, act: Act, now: number): Promise<void> {
  return insertAudit(db, { ...act, createdAt: now });
}
