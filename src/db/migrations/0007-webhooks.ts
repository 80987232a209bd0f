import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** What forges delivered. */
export const webhooks: Migration = {
  number: 7,
  name: '0007-webhooks',
  async up(transaction, { id, integer, text, bytes, tableEnd }) {
    const statements = [
      sql`create table webhook_deliveries (
        id ${id}, source ${text} not null, delivery_id ${text} not null, body_digest ${text},
        event ${text} not null, origin ${text}, body ${bytes},
        received_at ${integer} not null, worked_at ${integer}, outcome ${text}, detail ${text},
        unique (source, delivery_id)
      ) ${tableEnd}`,
      // Of deliveries whose id a stranger could change: the same body is the same delivery.
      sql`create unique index webhook_deliveries_body on webhook_deliveries (source, body_digest) where body_digest is not null`,
      sql`create index webhook_deliveries_waiting on webhook_deliveries (id) where worked_at is null`,
      sql`create index webhook_deliveries_received on webhook_deliveries (received_at)`,
    ];
    for (const statement of statements) await statement.execute(transaction);
  },
};
