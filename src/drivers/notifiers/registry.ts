import type { MailSettings, Notifier } from '../../model/index.ts';
import { createMailNotifier } from './mail/index.ts';

/** The notifiers that the configuration asks for. `onRejected` hears of recipients a server refused. */
export function createNotifiers(
  settings: { mail: MailSettings | null },
  onRejected: (addresses: readonly string[]) => void,
): readonly Notifier[] {
  return settings.mail === null
    ? []
    : [createMailNotifier({ smtp: settings.mail.smtp, from: settings.mail.from, onRejected })];
}
