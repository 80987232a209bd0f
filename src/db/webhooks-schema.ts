import type { ColumnType, Generated } from 'kysely';
import type { Fixed, Time } from './column-types.ts';

export interface WebhookDeliveriesTable {
  id: Generated<number>;
  /** The forge, as the configuration names it. */
  source: Fixed<string>;
  delivery_id: Fixed<string>;
  /** SHA-256 of the body, where nothing proves the id; else null. */
  body_digest: Fixed<string | null>;
  event: Fixed<string>;
  origin: Fixed<string | null>;
  /** null once it has been worked. */
  body: Buffer | null;
  received_at: Fixed<Time>;
  worked_at: ColumnType<Time | null, never, Time>;
  outcome: ColumnType<string | null, never, string>;
  detail: ColumnType<string | null, never, string | null>;
}

export interface WebhooksSchema {
  webhook_deliveries: WebhookDeliveriesTable;
}
