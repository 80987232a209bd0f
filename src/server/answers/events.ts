import type { EventResource } from '../../api/index.ts';
import type { OutboxEntry } from '../../db/index.ts';
import { toldOf } from '../../events/index.ts';
import { may, type Principal } from '../../model/access/index.ts';
import { iso } from './times.ts';

export function eventAnswer({ id, kind, createdAt, payload }: OutboxEntry): EventResource {
  return { id, kind, at: iso(createdAt), data: toldOf(kind, payload) ?? {} };
}

/** Kinds of events that are about a ref. */
const OF_REFS = /^(ref_|promoted$|demoted$)/;

/** Whether somebody may hear of an event. Of what it is about nothing is told before it is known to be theirs to read. */
export function mayHear(principal: Principal, { kind, payload }: OutboxEntry): boolean {
  if (toldOf(kind, payload) === null) return false;
  const { target, project, name } = payload as Partial<Record<string, string>>;
  const on = target === undefined ? {} : { target };
  if (OF_REFS.test(kind))
    return may(principal, 'repository.read', { ...on, ...(name === undefined ? {} : { ref: name }) });
  return may(principal, 'build.read', { ...on, ...(project === undefined ? {} : { project }) });
}
