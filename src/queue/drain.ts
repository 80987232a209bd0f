import { countRunningOf, listWorkers, markDrained, type Db, type KnownWorker } from '../db/index.ts';
import { audit } from '../events/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Asker } from './recheck.ts';

export interface Drained {
  worker: string;
  /** Milliseconds since the epoch; null: it takes builds. */
  drainedAt: number | null;
  /** Builds it still makes. */
  running: number;
}

/**
 * Has a worker take nothing new, so that it ends when its builds have; or, with `resume`, lets it take builds again. `name` is its name or the last part of
 * it, where only one has that. @throws TrunklineError `not_found`; `invalid_argument` for a server, or where several have that name
 */
export function drainWorker(
  db: Db,
  { name, resume, now, ...asker }: Asker & { name: string; resume: boolean; now: number },
): Promise<Drained> {
  const { actor, reason = null } = asker;
  return db.transaction(async (tx) => {
    const found = oneNamed(await listWorkers(tx), name);
    const drainedAt = resume ? null : (found.drainedAt ?? now);
    if (drainedAt !== found.drainedAt) {
      await markDrained(tx, found.name, drainedAt);
      await audit(tx, { actor, action: resume ? 'resume_worker' : 'drain_worker', subject: found.name, reason }, now);
    }
    return { worker: found.name, drainedAt, running: await countRunningOf(tx, found.name) };
  });
}

function oneNamed(known: readonly KnownWorker[], name: string): KnownWorker {
  const fitting = known.filter((one) => one.name === name);
  const found = fitting.length > 0 ? fitting : known.filter((one) => one.name.endsWith(`/${name}`));
  const [one] = found;
  if (one === undefined)
    throw new TrunklineError('not_found', `There is no worker ${JSON.stringify(name)}`, {
      hint: 'trunkline workers lists those that were heard of in the last thirty days',
    });
  if (found.length > 1)
    throw new TrunklineError(
      'invalid_argument',
      `${name} is the name of several: ${found.map((each) => each.name).join(', ')}`,
      {
        hint: 'write all of the one that is meant',
      },
    );
  if (one.name.startsWith('serve@'))
    throw new TrunklineError('invalid_argument', `${one.name} is a server, which builds as long as it runs`, {
      hint: 'start it anew with trunkline serve --jobs 0: what it was building is built elsewhere',
    });
  return one;
}
