import type { Generated } from 'kysely';

/** An event that a maintainer is still to be told of, or was. Times are milliseconds since the epoch. */
export interface MailsTable {
  id: Generated<number>;
  address: string;
  event_id: number;
  due_at: number;
  /** What goes into one mail, by the id of its first row; null before it was tried. */
  batch: number | null;
  tries: number;
  next_try_at: number;
  sent_at: number | null;
  abandoned_at: number | null;
  last_error: string | null;
}

export interface MailsSchema {
  mails: MailsTable;
}
