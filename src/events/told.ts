import type { EventKind } from './event.ts';

/**
 * What of an event may leave this server, by kind. What is not named here stays here: an event may say whom a mail goes to. null: the event is one
 * of our own workings, and nobody hears of it.
 */
const TOLD: Readonly<Record<EventKind, readonly string[] | null>> = {
  build_finished: ['project', 'target', 'buildId', 'attemptId', 'result', 'reason'],
  build_failed_first: ['project', 'target', 'buildId', 'lastSuccess'],
  build_recovered: ['project', 'target', 'buildId', 'brokenBy'],
  packages_uploaded: ['project', 'target', 'uploadId'],
  gc_announced: ['target', 'announcementId'],
  ref_moved: ['target', 'name', 'from', 'to', 'actor'],
  ref_removed: ['target', 'name', 'from', 'actor'],
  voted: ['target', 'voteId', 'votedKind', 'buildId', 'snapshot', 'job', 'result', 'actor'],
  promoted: ['target', 'name', 'snapshot', 'buildId', 'promotionId', 'actor'],
  demoted: ['target', 'name', 'snapshot', 'to', 'promotionId', 'actor'],
  webhook_due: null,
};

/** The kinds of events that may be told of outside. */
export const TOLD_KINDS: readonly EventKind[] = (Object.keys(TOLD) as EventKind[]).filter(
  (kind) => TOLD[kind] !== null,
);

export type ToldValue = string | number | boolean | null;

/** What may be told of an event; null for what nobody hears of, which a kind is too that this program does not know. */
export function toldOf(kind: string, payload: unknown): Record<string, ToldValue> | null {
  const keys = Object.hasOwn(TOLD, kind) ? TOLD[kind as EventKind] : null;
  if (keys === null) return null;
  const values = payload as Readonly<Record<string, unknown>>;
  return Object.fromEntries(keys.filter((key) => isValue(values[key])).map((key) => [key, values[key] as ToldValue]));
}

const isValue = (value: unknown): value is ToldValue =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);
