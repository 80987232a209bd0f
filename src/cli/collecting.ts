import { setTimeout as pause } from 'node:timers/promises';
import type { Client, CollectionResource } from '../api/index.ts';
import { deliverEvents, openForReading } from '../app/index.ts';
import { collectGarbage, showCollection } from '../app/collect/index.ts';
import { lockHolder } from '../app/lock/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Settings } from '../model/index.ts';
import { actor, seconds } from './order.ts';
import type { Printer } from './print.ts';
import type { RetentionOptions } from './retention-options.ts';
import { onServerOrAlone, type ServerOptions } from './server.ts';

export interface CollectingOrder {
  target: string | null;
  /** Seconds. */
  olderThan: number;
  keepLast: number;
  dryRun: boolean;
  immediate: boolean;
}

type Views = Pick<CollectionResource, 'targets' | 'caches'>;

/** Milliseconds between two looks at how far a server is. */
const LOOK = 300;

/** What a collection came to: of the server where one runs. To look at what would be done needs none. */
export async function collected(
  settings: Settings,
  options: ServerOptions,
  order: CollectingOrder,
  { print, signal }: { print: Printer; signal: AbortSignal },
): Promise<Views> {
  const say = ({ what, done, of }: CollectionResource['step']) => {
    print.status(`${String(done + 1)} of ${String(of)}: ${what}`);
  };
  try {
    if (order.dryRun) return await wouldBe(settings, order);
    const { done } = await onServerOrAlone<Views>(settings, options, {
      alone: async ({ context }) => {
        const beside = await mayBeBeside(settings);
        const found = await collectGarbage(context, { ...order, beside, actor: actor() }, say);
        await deliverEvents(context);
        return showCollection(found);
      },
      server: (client) =>
        byServer(client, order, {
          say,
          signal,
          note: (text) => {
            print.note(text);
          },
        }),
    });
    return done;
  } finally {
    print.status(null);
  }
}

async function wouldBe(settings: Settings, order: CollectingOrder): Promise<Views> {
  const beside = await mayBeBeside(settings);
  const trunk = await openForReading(settings);
  try {
    return showCollection(await collectGarbage(trunk.context, { ...order, beside, actor: actor() }));
  } finally {
    await trunk.close();
  }
}

/** The rule that options and configuration make. @throws TrunklineError `invalid_argument` for what is no length of time */
export function retentionOf({ gc }: Settings, { olderThan, keepLast }: RetentionOptions) {
  return {
    olderThan: olderThan === undefined ? gc.olderThan : seconds('--older-than', olderThan),
    keepLast: keepLast ?? gc.keepLast,
  };
}

/** Whether builds may be made meanwhile: by a server here, or on another machine that shares the data directory. */
export async function mayBeBeside({ localDir, dataDir }: Settings): Promise<boolean> {
  return localDir !== dataDir || (await lockHolder(localDir, { here: true }))?.url !== undefined;
}

async function byServer(
  client: Client,
  { target, immediate: now, olderThan, keepLast }: CollectingOrder,
  {
    say,
    signal,
    note,
  }: { say: (step: CollectionResource['step']) => void; signal: AbortSignal; note: (text: string) => void },
): Promise<Views> {
  const order = { now, olderThan, keepLast, ...(target === null ? {} : { target }) };
  let collection = await client.post('startCollection', {}, order, signal);
  while (collection.state === 'running') {
    say(collection.step);
    try {
      await pause(LOOK, undefined, { signal });
    } catch (error) {
      note('the server goes on with it');
      throw error;
    }
    collection = await client.get('getCollection', { collection: collection.id }, signal);
  }
  if (collection.error !== null)
    throw new TrunklineError('internal', `The server did not finish: ${collection.error.detail}`, {
      hint: 'its log says more; what was begun is gone on with at the next time',
    });
  const { targets, caches } = collection;
  return { targets, caches };
}
