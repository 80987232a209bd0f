import type { TrunkContext } from '../builds/index.ts';
import { isMailDue, keepMails, listEvents, settleMails, takeMails, type MailBatch } from '../db/index.ts';
import { deliveredEvent, pauseBeforeRetry, type DeliveredEvent, type DeliveryReport } from '../events/index.ts';
import { describeError, redact } from '../lib/index.ts';
import { mailDue, type Message, type Notifier } from '../model/index.ts';
import { digestMail } from './mails/index.ts';

/** What an event says to somebody; null: nothing (any more). */
export type Compose = (event: DeliveredEvent, to: readonly string[]) => Promise<Message | null>;

/** Tries before a mail is given up: two days and a half, as for events. */
const MOST_TRIES = 60;

/**
 * Keeps an event for those of `addresses` who have times of their own, until it is due. Answers the others: they are told at once. For whom it was kept once
 * it stays kept, whatever the configuration says at a second try. What would be kept until `useless` (milliseconds since the epoch) or longer is told at once.
 */
export async function keepForLater(
  context: Pick<TrunkContext, 'settings' | 'db'>,
  event: DeliveredEvent,
  addresses: readonly string[],
  useless: number,
): Promise<string[]> {
  const known = context.settings.mail?.maintainers ?? {};
  const due = new Map<string, number>();
  for (const address of addresses) {
    const times = Object.hasOwn(known, address) ? known[address] : undefined;
    const at = times === undefined ? useless : mailDue(times, event.createdAt);
    if (at < useless) due.set(address, at);
  }
  const kept = await keepMails(context.db, event.id, due);
  return addresses.filter((address) => !kept.has(address));
}

/** Sends what is due of what was kept, a mail for each maintainer. What cannot be sent is tried again later, as it is. One server at a time does so. */
export async function sendDueMails(
  context: Pick<TrunkContext, 'db' | 'now' | 'log' | 'mutexes'>,
  { notifier, compose, signal }: { notifier: Notifier; compose: Compose; signal: AbortSignal | undefined },
): Promise<DeliveryReport> {
  const report: DeliveryReport = { delivered: 0, failed: 0, abandoned: 0 };
  if (!(await isMailDue(context.db, context.now()))) return report;
  await context.mutexes.hold('mails', async () => {
    while (!(signal?.aborted ?? false)) {
      const batch = await takeMails(context.db, context.now());
      if (batch === null) return;
      report[await sendBatch(context, batch, { notifier, compose })] += 1;
    }
  });
  return report;
}

async function sendBatch(
  { db, now, log }: Pick<TrunkContext, 'db' | 'now' | 'log'>,
  batch: MailBatch,
  { notifier, compose }: { notifier: Notifier; compose: Compose },
): Promise<keyof DeliveryReport> {
  try {
    const message = await composeBatch(db, batch, compose);
    if (message !== null) await notifier.send(message);
    await settleMails(db, batch.id, { sent: true, now: now() });
    return 'delivered';
  } catch (thrown) {
    const error = redact(describeError(thrown));
    const abandon = batch.tries >= MOST_TRIES;
    log.warn({ mail: batch.id, tries: batch.tries }, `${error}; ${abandon ? 'given up' : 'tried again later'}`);
    const nextTryAt = now() + pauseBeforeRetry(batch.tries);
    await settleMails(db, batch.id, { sent: false, error, now: now(), nextTryAt, abandon });
    return abandon ? 'abandoned' : 'failed';
  }
}

async function composeBatch(
  db: TrunkContext['db'],
  { id, address, events }: MailBatch,
  compose: Compose,
): Promise<Message | null> {
  const messages: Message[] = [];
  let first: number | null = null;
  for (const wanted of events) {
    const [entry] = await listEvents(db, { after: wanted - 1, limit: 1 });
    if (entry?.id !== wanted) continue;
    first ??= entry.createdAt;
    const message = await compose(deliveredEvent(entry), [address]);
    if (message !== null) messages.push(message);
  }
  const [only, ...more] = messages;
  if (only === undefined) return null;
  const own = `mail-${String(id)}-${String(first)}`;
  return more.length === 0 ? { ...only, id: own } : digestMail(own, address, messages);
}
