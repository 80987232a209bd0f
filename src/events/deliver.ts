import { settleOutbox, takeOutbox, type Db, type OutboxEntry } from '../db/index.ts';
import { describeError, redact } from '../lib/index.ts';
import type { EventKind, TrunklineEvent } from './event.ts';

/** An event at its delivery. `id` is the same each time, so that a second delivery can be told from a second event. */
export type DeliveredEvent = TrunklineEvent & { id: number; createdAt: number };

export interface EventHandler {
  /** Stable: it is remembered which handlers have had an event. */
  name: string;
  kinds: readonly EventKind[];
  /** Throws to be called again later. Has to be done within `leaseMs`, or another process may deliver the event as well. */
  handle(event: DeliveredEvent): Promise<void>;
}

export interface DeliveryOptions {
  /** The server that delivers. */
  server: string;
  /** Milliseconds since the epoch. Default: now. */
  clock?: () => number;
  /** Milliseconds for which an event is this process's to deliver. Default 10 minutes. */
  leaseMs?: number;
  /** Tries before an event is given up. Default 60, two days and a half. */
  maxTries?: number;
  /** Told of an event that is given up, and why its last try failed. */
  onAbandoned?: (event: DeliveredEvent, why: string) => void;
  /** Stops between two events when aborted. */
  signal?: AbortSignal;
}

export interface DeliveryReport {
  delivered: number;
  /** To be tried again later. */
  failed: number;
  abandoned: number;
}

const FIRST_PAUSE = 60_000;
const LONGEST_PAUSE = 3_600_000;

/**
 * Delivers what is due to every handler of its kind: at least once, in order within a topic. A handler that throws holds back its event, and the
 * later ones of the same topic, for a pause that doubles from one minute to an hour; the other handlers are not called for it again.
 */
export async function deliverPending(
  db: Db,
  handlers: readonly EventHandler[],
  options: DeliveryOptions,
): Promise<DeliveryReport> {
  const { server, clock = Date.now, leaseMs = 600_000, maxTries = 60, signal } = options;
  const report: DeliveryReport = { delivered: 0, failed: 0, abandoned: 0 };
  while (!(signal?.aborted ?? false)) {
    const entry = await takeOutbox(db, { now: clock(), leaseMs, by: server });
    if (entry === null) break;
    const { deliveredTo, errors } = await handOver(entry, handlers);
    const now = clock();
    if (errors.length === 0) {
      await settleOutbox(db, entry.id, { deliveredTo, now, delivered: true });
      report.delivered += 1;
      continue;
    }
    const abandon = entry.tries >= maxTries;
    const nextTryAt = now + pauseBeforeRetry(entry.tries);
    await settleOutbox(db, entry.id, {
      deliveredTo,
      now,
      delivered: false,
      error: errors.join('; '),
      nextTryAt,
      abandon,
    });
    report[abandon ? 'abandoned' : 'failed'] += 1;
    if (abandon) options.onAbandoned?.(deliveredEvent(entry), errors.join('; '));
  }
  return report;
}

async function handOver(
  entry: OutboxEntry,
  handlers: readonly EventHandler[],
): Promise<{ deliveredTo: string[]; errors: string[] }> {
  const deliveredTo = [...entry.deliveredTo];
  const errors: string[] = [];
  for (const handler of handlers) {
    if (!handler.kinds.some((kind) => kind === entry.kind) || deliveredTo.includes(handler.name)) continue;
    try {
      await handler.handle(deliveredEvent(entry));
      deliveredTo.push(handler.name);
    } catch (error) {
      errors.push(`${handler.name}: ${redact(describeError(error))}`);
    }
  }
  return { deliveredTo, errors };
}

/** Milliseconds before the next try after `tries`: a minute, twice that… up to an hour. */
export function pauseBeforeRetry(tries: number): number {
  return Math.min(FIRST_PAUSE * 2 ** Math.min(tries - 1, 20), LONGEST_PAUSE);
}

/** The outbox holds what `emit` wrote. */
export function deliveredEvent(entry: OutboxEntry): DeliveredEvent {
  const payload = entry.payload as object;
  return { ...payload, kind: entry.kind, id: entry.id, createdAt: entry.createdAt } as DeliveredEvent;
}
