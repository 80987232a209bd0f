import { z } from 'zod';
import { ATTEMPT_KINDS, BUILD_RESULTS, BUILD_STATES, FAILURE_REASONS, SKIP_REASONS } from '../../model/index.ts';
import { commit, name, time } from './fields.ts';
import { waitsSchema } from './waits.ts';

const reason = z.enum([...FAILURE_REASONS, ...SKIP_REASONS]).nullable();

export const queueSchema = z
  .object({
    ready: z.int().meta({ description: 'attempts that are due' }),
    waiting: z.int().meta({ description: 'attempts that were put off: retries' }),
    running: z.int(),
    nextAt: time().nullable().meta({ description: 'when the first of `waiting` is due' }),
    oldestAt: time().nullable().meta({ description: 'since when the oldest attempt that is not running waits' }),
  })
  .meta({ id: 'Queue' });
export type QueueResource = z.output<typeof queueSchema>;

export const queuedAttemptSchema = z
  .object({
    build: z.int(),
    attempt: z.int(),
    project: name(),
    target: name(),
    kind: z.enum(ATTEMPT_KINDS),
    priority: z.int().meta({ description: 'smaller is sooner; then the commit’s time decides' }),
    state: z.enum(BUILD_STATES),
    worker: z.string().nullable(),
    createdAt: time(),
    notBefore: time(),
    startedAt: time().nullable(),
    waits: waitsSchema.nullable().meta({ description: 'null: it was begun meanwhile' }),
  })
  .meta({ id: 'QueuedAttempt' });
export type QueuedAttemptResource = z.output<typeof queuedAttemptSchema>;

export const eventSchema = z
  .object({
    id: z.int().meta({ description: 'greater is later' }),
    kind: z.string(),
    at: time(),
    data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({ id: 'Event' });
export type EventResource = z.output<typeof eventSchema>;

export const summarySchema = z
  .object({
    project: name(),
    target: name(),
    newest: z
      .object({
        build: z.int(),
        state: z.enum(BUILD_STATES),
        result: z.enum(BUILD_RESULTS).nullable(),
        reason,
        commit,
        distgitCommit: commit,
      })
      .nullable()
      .meta({ description: 'the newest build in history order; null: never built' }),
    firstFailure: z
      .object({
        build: z.int(),
        reason,
        detail: z.string().nullable(),
        finishedAt: time().nullable(),
        commit,
        distgitCommit: commit,
      })
      .nullable()
      .meta({ description: 'the oldest failure that no success comes after' }),
    lastSuccess: z
      .object({ build: z.int(), finishedAt: time().nullable(), commit, snapshot: z.string().nullable() })
      .nullable(),
    daysSinceLastSuccess: z.int().nullable(),
    pending: z.int(),
    running: z.int(),
  })
  .meta({ id: 'Summary' });
export type SummaryResource = z.output<typeof summarySchema>;
