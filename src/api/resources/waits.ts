import { z } from 'zod';
import { time } from './fields.ts';

export const waitsSchema = z
  .object({
    reason: z.enum(['retry_pause', 'behind', 'next', 'no_place', 'no_worker']),
    before: z.int().meta({
      description:
        'attempts that begin before it, where both could be built at one place; far back in the queue about so many',
    }),
    startsAt: time().nullable().meta({
      description: 'about when it begins, by how long such builds took before and by who is there to build them',
    }),
    detail: z.string().optional().meta({ description: 'of `no_worker`: why no worker that is there takes it' }),
  })
  .meta({ id: 'Waits' });
export type WaitsResource = z.output<typeof waitsSchema>;
