import type { EventNotifier, MailSettings, Notifier, WebhookSettings } from '../../model/index.ts';
import { createMailNotifier } from './mail/index.ts';
import { createWebhookNotifier } from './webhook/index.ts';

/** The notifiers that the configuration asks for. `onRejected` hears of recipients a server refused. */
export function createNotifiers(
  settings: { mail: MailSettings | null },
  onRejected: (addresses: readonly string[]) => void,
): readonly Notifier[] {
  return settings.mail === null
    ? []
    : [createMailNotifier({ smtp: settings.mail.smtp, from: settings.mail.from, onRejected })];
}

/** The webhooks that the configuration names. */
export function createWebhooks(webhooks: readonly WebhookSettings[], now: () => number): readonly EventNotifier[] {
  return webhooks.map(({ name, url, secrets, allowPrivate }) =>
    createWebhookNotifier({ name, url, secrets, allowPrivate, now }),
  );
}
