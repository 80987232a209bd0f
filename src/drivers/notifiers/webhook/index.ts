import { Webhook } from 'standardwebhooks';
import type { EventMessage, EventNotifier } from '../../../model/index.ts';
import { post } from './send.ts';

export interface WebhookOptions {
  name: string;
  url: string;
  /** `whsec_…`; each signs, so that a receiver may know the old one or the new one. */
  secrets: readonly string[];
  allowPrivate: boolean;
  /** Milliseconds. Default: ten seconds. */
  timeout?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Tells of events by HTTP in the form of Standard Webhooks (standardwebhooks.com): `webhook-id`, the same at every try, `webhook-timestamp`,
 * `webhook-signature`, and `{type, timestamp, data}` in JSON. `send` throws `notification_failed`, to be called again later.
 */
export function createWebhookNotifier({ name, url, secrets, allowPrivate, ...more }: WebhookOptions): EventNotifier {
  const { timeout = 10_000, now = Date.now } = more;
  const signers = secrets.map((secret) => new Webhook(secret));
  return {
    name,
    send: async ({ id, type, at, data }: EventMessage) => {
      const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
      const sent = new Date(now());
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'trunkline',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(sent.getTime() / 1000)),
        'webhook-signature': signers.map((signer) => signer.sign(id, sent, body)).join(' '),
      };
      await post({ url, headers, body, allowPrivate, timeout });
    },
  };
}
