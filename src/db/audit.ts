import type { DbOrTx } from './database.ts';
import { parsed, storable, storableOrNull } from './text.ts';

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
  /** What was given, taken or changed, where there is more to say than the subject does. Never a secret. */
  detail: Readonly<Record<string, unknown>> | null;
}

/** There is no query that changes or removes an entry. */
export async function insertAudit(
  db: DbOrTx,
  entry: Omit<AuditEntry, 'id' | 'detail'> & Partial<Pick<AuditEntry, 'detail'>>,
): Promise<void> {
  await db.sql
    .insertInto('audit')
    .values({
      actor: storable(entry.actor, 500),
      action: entry.action,
      subject: storable(entry.subject, 500),
      reason: storableOrNull(entry.reason),
      created_at: entry.createdAt,
      detail: entry.detail ? JSON.stringify(entry.detail) : null,
    })
    .execute();
}

export interface AuditFilter {
  subject?: string;
  actor?: string;
  action?: string;
  /** Not before this moment. */
  since?: number;
  /** Only entries before the one with this id: the next page. */
  before?: number;
  /** Default 100. */
  limit?: number;
}

/** The last entry first. A subject that ends with `/` is the beginning of those that are meant: `ref/fedora-43-x86_64/`. */
export async function listAudit(db: DbOrTx, filter: AuditFilter = {}): Promise<AuditEntry[]> {
  const { subject, actor, action, since, before, limit = 100 } = filter;
  let query = db.sql.selectFrom('audit').selectAll();
  if (subject?.endsWith('/'))
    // The next byte after the slash: text is compared byte by byte.
    query = query.where('subject', '>=', subject).where('subject', '<', `${subject.slice(0, -1)}0`);
  else if (subject !== undefined) query = query.where('subject', '=', subject);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (action !== undefined) query = query.where('action', '=', action);
  if (since !== undefined) query = query.where('created_at', '>=', since);
  if (before !== undefined) query = query.where('id', '<', before);
  const rows = await query.orderBy('id', 'desc').limit(limit).execute();
  return rows.map(({ created_at: createdAt, detail, ...row }) => ({
    ...row,
    createdAt,
    detail: detail === null ? null : (parsed(detail) as Record<string, unknown>),
  }));
}
