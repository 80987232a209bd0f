import type { TrunkContext } from '../builds/index.ts';
import { createWebhooks } from '../drivers/notifiers/registry.ts';
import { emit, toldOf, TOLD_KINDS, type DeliveredEvent, type EventHandler } from '../events/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { EventNotifier, WebhookSettings } from '../model/index.ts';

/** Milliseconds for which a webhook that failed is left alone: one that hangs holds up the others once in that time. */
const REST = 60_000;
/** Since when webhooks rest, by name. */
const resting = new WeakMap<TrunkContext['db'], Map<string, number>>();

/**
 * Two handlers: one writes an event of its own for each webhook that is told of an event, so that one that cannot be reached holds up neither
 * mails nor other webhooks; the other sends those.
 */
export function webhookHandlers(context: TrunkContext): EventHandler[] {
  const { webhooks } = context.settings;
  const notifiers = createWebhooks(webhooks, context.now);
  const sender: EventHandler = {
    name: 'webhook',
    kinds: ['webhook_due'],
    handle: (event) => send(context, notifiers, event),
  };
  if (webhooks.length === 0) return [sender];
  const kinds = TOLD_KINDS.filter((kind) => webhooks.some((webhook) => wants(webhook, kind)));
  return [{ name: 'webhooks', kinds, handle: (event) => address(context, event) }, sender];
}

const wants = ({ events }: WebhookSettings, kind: string) => events.length === 0 || events.includes(kind);

async function address(context: TrunkContext, event: DeliveredEvent): Promise<void> {
  const { id: eventId, kind, createdAt, ...payload } = event;
  const data = toldOf(kind, payload);
  if (data === null) return;
  await context.db.transaction(async (tx) => {
    for (const { name: webhook } of context.settings.webhooks.filter((one) => wants(one, kind)))
      await emit(tx, { kind: 'webhook_due', webhook, eventId, type: kind, at: createdAt, data }, context.now());
  });
}

async function send(context: TrunkContext, notifiers: readonly EventNotifier[], event: DeliveredEvent): Promise<void> {
  if (event.kind !== 'webhook_due') return;
  const { webhook, eventId, type, at, data } = event;
  const notifier = notifiers.find(({ name }) => name === webhook);
  // Gone from the configuration.
  if (notifier === undefined) return;
  const rests = resting.get(context.db) ?? new Map<string, number>();
  resting.set(context.db, rests);
  if (context.now() - (rests.get(webhook) ?? -REST) < REST)
    throw new TrunklineError('notification_failed', `The webhook ${webhook} failed a moment ago`);
  try {
    await notifier.send({ id: `evt_${String(eventId)}`, type, at, data });
    rests.delete(webhook);
  } catch (error) {
    rests.set(webhook, context.now());
    throw error;
  }
}
