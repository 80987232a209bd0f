import type { Body, CollectionResource, Routes } from '../api/index.ts';
import { problemOf } from '../api/index.ts';
import { collectGarbage, showCollection } from '../app/collect/index.ts';
import { describeError, TrunklineError } from '../lib/index.ts';
import { iso } from './answers/times.ts';
import type { ServerContext } from './context.ts';

/** Collections that are remembered after their end. */
const REMEMBERED = 20;

export interface Collections {
  /** Begins a collection. @throws TrunklineError `already_exists` while another one goes on */
  start(order: Body<Routes['startCollection']>, actor: string): CollectionResource;
  /** @throws TrunklineError `not_found` */
  get(id: number): CollectionResource;
  /** Resolves when none goes on. */
  settled(): Promise<void>;
}

/** The collections of a server: one at a time, in its memory only. One that a server's end cuts off is gone on with by the next. */
export function openCollections({ trunk, stopping }: Pick<ServerContext, 'trunk' | 'stopping'>): Collections {
  const known = new Map<number, CollectionResource>();
  let last = 0;
  let going: Promise<void> | null = null;

  const run = async (id: number, order: Body<Routes['startCollection']>, actor: string) => {
    const update = (change: Partial<CollectionResource>) => {
      const before = known.get(id);
      if (before !== undefined) known.set(id, { ...before, ...change });
    };
    try {
      const { target = null, now: immediate, dryRun } = order;
      const { olderThan = trunk.settings.gc.olderThan, keepLast = trunk.settings.gc.keepLast } = order;
      const options = { ...{ target, immediate, dryRun, olderThan, keepLast, actor }, beside: true };
      const done = await collectGarbage(trunk, options, (step) => {
        stopping.throwIfAborted();
        update({ step });
      });
      update({ state: 'finished', ...showCollection(done), finishedAt: iso(trunk.now()) });
    } catch (error) {
      const { code, detail } = problemOf(error);
      trunk.log[stopping.aborted ? 'info' : 'error']({ err: error }, `a collection ended: ${describeError(error)}`);
      update({ state: 'failed', error: { code, detail }, finishedAt: iso(trunk.now()) });
    }
  };
  return {
    start(order, actor) {
      if (going !== null)
        throw new TrunklineError('already_exists', `Collection ${String(last)} goes on`, {
          hint: 'wait for its end: garbage is collected once at a time',
        });
      last += 1;
      const begun = beginning(last, order, { actor, now: trunk.now() });
      known.set(last, begun);
      known.delete(last - REMEMBERED);
      going = run(last, order, actor).finally(() => {
        going = null;
      });
      return begun;
    },
    get(id) {
      const found = known.get(id);
      if (found !== undefined) return found;
      throw new TrunklineError('not_found', `This server knows no collection ${String(id)}`, {
        hint: 'a server remembers the last ones it made since it was started',
      });
    },
    settled: async () => {
      await going;
    },
  };
}

function beginning(
  id: number,
  { target, dryRun }: Body<Routes['startCollection']>,
  { actor, now }: { actor: string; now: number },
): CollectionResource {
  return {
    ...{ id, actor, target: target ?? null, dryRun, state: 'running', step: { what: 'beginning', done: 0, of: 1 } },
    ...{ startedAt: iso(now), finishedAt: null, targets: [], caches: [], error: null },
  };
}
