import type { DbOrTx } from './database.ts';
import { storable, storableOrNull } from './text.ts';

/** Who did what, to what, when and why. */
export interface AuditEntry {
  id: number;
  /** A user's name, or `system`. */
  actor: string;
  /** `recheck`, `cancel`, `move_ref`… */
  action: string;
  /** `build/17`, `ref/fedora-43-x86_64/current`. */
  subject: string;
  reason: string | null;
  createdAt: number;
}

export async function insertAudit(db: DbOrTx, entry: Omit<AuditEntry, 'id'>): Promise<void> {
  await db.sql
    .insertInto('audit')
    .values({
      actor: storable(entry.actor, 500),
      action: entry.action,
      subject: storable(entry.subject, 500),
      reason: storableOrNull(entry.reason),
      created_at: entry.createdAt,
    })
    .execute();
}

export interface AuditFilter {
  subject?: string;
  actor?: string;
  /** Only entries before the one with this id: the next page. */
  before?: number;
  /** Default 100. */
  limit?: number;
}

/** The last entry first. */
export function listAudit(db: DbOrTx, filter: AuditFilter = {}): Promise<AuditEntry[]> {
  let query = db.sql
    .selectFrom('audit')
    .select(['id', 'actor', 'action', 'subject', 'reason', 'created_at as createdAt']);
  if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject);
  if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return query
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 100)
    .execute();
}
