import { z } from 'zod';
import { name, time } from './fields.ts';

export const workerSchema = z
  .object({
    name: z.string().meta({ description: '`worker/TOKEN/NAME`; of a server that builds itself `serve@NAME`' }),
    present: z.boolean().meta({ description: 'heard of within two minutes, or building' }),
    host: z.string().nullable(),
    version: z.string().nullable(),
    labels: z.array(z.string()).meta({ description: 'those its token grants' }),
    architectures: z.array(z.string()),
    formats: z.array(z.string()),
    builders: z.array(z.string()),
    memory: z.number().nullable().meta({ description: 'bytes that one build may have' }),
    places: z.int().nullable().meta({ description: 'builds it makes at once; null: it has not said' }),
    targets: z.array(name()).meta({ description: 'for which it is ready' }),
    firstSeenAt: time().nullable(),
    lastSeenAt: time().nullable(),
    drainedAt: time().nullable().meta({ description: 'since when it is to take nothing new; null: it takes builds' }),
    running: z.array(
      z.object({
        build: z.int(),
        attempt: z.int(),
        project: name(),
        target: name(),
        startedAt: time().nullable(),
      }),
    ),
  })
  .meta({ id: 'Worker' });
export type WorkerResource = z.output<typeof workerSchema>;
