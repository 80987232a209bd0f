import type { EventResource } from '../../api/index.ts';
import type { OutboxEntry } from '../../db/index.ts';
import type { EventKind } from '../../events/index.ts';
import { may, type Principal } from '../../model/access/index.ts';
import { iso } from './times.ts';

/** What of an event is told. What is not named here stays here: an event may say whom a mail goes to. */
const TOLD: Readonly<Partial<Record<EventKind, readonly string[]>>> = {
  build_finished: ['project', 'target', 'buildId', 'attemptId', 'result', 'reason'],
  build_failed_first: ['project', 'target', 'buildId', 'lastSuccess'],
  build_recovered: ['project', 'target', 'buildId', 'brokenBy'],
  packages_uploaded: ['project', 'target', 'uploadId'],
  gc_announced: ['target', 'announcementId'],
  ref_moved: ['target', 'name', 'from', 'to', 'actor'],
};

type Value = string | number | boolean | null;

export function eventAnswer({ id, kind, createdAt, payload }: OutboxEntry): EventResource {
  const told = Object.hasOwn(TOLD, kind) ? (TOLD[kind as EventKind] ?? []) : [];
  const values = payload as Readonly<Record<string, unknown>>;
  const data = told.filter((key) => isValue(values[key])).map((key) => [key, values[key] as Value] as const);
  return { id, kind, at: iso(createdAt), data: Object.fromEntries(data) };
}

const isValue = (value: unknown): value is Value =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

/** Whether somebody may hear of an event. Of what it is about nothing is told before it is known to be theirs to read. */
export function mayHear(principal: Principal, { kind, payload }: OutboxEntry): boolean {
  const { target, project, name } = payload as Partial<Record<string, string>>;
  const on = target === undefined ? {} : { target };
  if (kind.startsWith('ref_'))
    return may(principal, 'repository.read', { ...on, ...(name === undefined ? {} : { ref: name }) });
  return may(principal, 'build.read', { ...on, ...(project === undefined ? {} : { project }) });
}
