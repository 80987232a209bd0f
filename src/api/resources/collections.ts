import { z } from 'zod';
import { name, time } from './fields.ts';

export const collectionBody = z.object({
  target: name().optional().meta({ description: 'only of this target' }),
  olderThan: z.int().min(0).max(1e9).optional().meta({ description: 'seconds: younger snapshots are kept' }),
  keepLast: z.int().min(1).max(1_000_000).optional().meta({ description: 'the newest of each target are kept' }),
  dryRun: z.boolean().default(false).meta({ description: 'say what would be done; do nothing' }),
  now: z.boolean().default(false).meta({ description: 'remove at once what nobody was told of' }),
});

const removal = {
  snapshots: z.array(z.string()),
  packages: z.array(z.string()),
  size: z.int().meta({ description: 'bytes of the packages' }),
};

const collected = z.object({
  target: name(),
  removed: z.object(removal),
  announced: z.object({ ...removal, goesAt: time(), told: z.array(z.string()) }),
  withdrawn: z.array(z.string()).meta({ description: 'snapshots that something needs again' }),
  waiting: z.array(z.string()).meta({ description: 'announced before; their time has not come' }),
  kept: z.int(),
});

export const collectionSchema = z
  .object({
    id: z.int().meta({ description: 'known to this server, until it ends' }),
    actor: z.string(),
    target: name().nullable(),
    dryRun: z.boolean(),
    state: z.enum(['running', 'finished', 'failed']),
    step: z.object({ what: z.string(), done: z.int(), of: z.int() }),
    startedAt: time(),
    finishedAt: time().nullable(),
    targets: z.array(collected).meta({ description: 'when it is finished' }),
    caches: z.array(z.string()).meta({ description: 'git mirrors and tarballs, when it is finished' }),
    error: z.object({ code: z.string(), detail: z.string() }).nullable(),
  })
  .meta({ id: 'Collection' });
export type CollectionResource = z.output<typeof collectionSchema>;
