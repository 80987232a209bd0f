import { z } from 'zod';
import { VERDICTS, VOTE_LIMITS, VOTE_RESULTS, VOTED_KINDS } from '../../model/index.ts';
import { buildSchema } from './builds.ts';
import { name, refName, time } from './fields.ts';
import { refMoveSchema } from './snapshots.ts';

const job = () => z.string().min(1).max(VOTE_LIMITS.job);

export const voteSchema = z
  .object({
    id: z.int(),
    target: name(),
    kind: z.enum(VOTED_KINDS),
    build: z.int().nullable(),
    snapshot: z.string().nullable(),
    job: z.string(),
    result: z.enum(VOTE_RESULTS),
    counts: z.boolean().meta({ description: 'the job’s last verdict on this thing, or a mark that has not ended' }),
    url: z.string().nullable(),
    notes: z.string().nullable(),
    actor: z.string(),
    votedAt: time(),
    expiresAt: time().nullable().meta({ description: 'when `in_progress` ends by itself' }),
    createdAt: time(),
  })
  .meta({ id: 'Vote' });
export type VoteResource = z.output<typeof voteSchema>;

export const testedSchema = z
  .object({
    target: name(),
    kind: z.enum(VOTED_KINDS),
    snapshot: z.string().meta({ description: 'itself, or the one in which the build was published' }),
    build: buildSchema.nullable(),
    repository: z.string().meta({ description: 'path of the snapshot on this server' }),
    vote: voteSchema.meta({ description: 'by which it was found' }),
    votes: z.array(voteSchema).meta({ description: 'all that counts of it' }),
    mark: z
      .object({ taken: z.boolean(), vote: voteSchema })
      .nullable()
      .meta({ description: '`taken` is false when that job was at it already, by this mark' }),
  })
  .meta({ id: 'Tested' });
export type TestedResource = z.output<typeof testedSchema>;

export const promotionSchema = z
  .object({
    id: z.int(),
    target: name(),
    name: refName(),
    snapshot: z.string(),
    build: z.int().nullable(),
    from: z.string().nullable().meta({ description: 'where the ref pointed before; null: there was none' }),
    actor: z.string(),
    reason: z.string(),
    votes: z.array(z.object({ voteId: z.int(), job: z.string(), result: z.enum(VERDICTS) })),
    promotedAt: time(),
    standing: z.boolean(),
    endedAt: time().nullable().meta({ description: 'when it was taken back' }),
    endedBy: z.string().nullable(),
    endedReason: z.string().nullable(),
  })
  .meta({ id: 'Promotion' });
export type PromotionResource = z.output<typeof promotionSchema>;

export const promotedSchema = promotionSchema
  .extend({ made: z.boolean().meta({ description: 'false: it stood already, and nothing has changed' }) })
  .meta({ id: 'Promoted' });
export type PromotedResource = z.output<typeof promotedSchema>;

export const demotedSchema = promotionSchema
  .extend({
    move: refMoveSchema
      .nullable()
      .meta({ description: 'null: the ref pointed elsewhere by then, or nowhere else before, and stays' }),
  })
  .meta({ id: 'Demoted' });

/** A build by its number, or a snapshot by eight digits of its hash or more: one of the two. */
const thing = {
  build: z.int().min(1).optional(),
  snapshot: z
    .string()
    .regex(/^[0-9a-f]{8,64}$/)
    .optional(),
};

/** Seconds for which a job is at something at most. */
const lasts = z.int().min(1).max(604_800).optional().meta({ description: 'seconds; default six hours' });
const url = z.string().max(VOTE_LIMITS.url).optional();

export const voteBody = z.object({
  ...thing,
  job: job(),
  result: z.enum(VOTE_RESULTS),
  url,
  notes: z.string().max(VOTE_LIMITS.notes).optional(),
  votedAt: time().optional(),
  lasts,
});

export const takeBody = z.object({ job: job(), url, lasts });

export const promotionBody = z.object({
  ...thing,
  reason: z.string().trim().min(1).max(10_000),
  require: z.array(job()).max(50).optional().meta({ description: 'jobs whose last verdict has to be a success' }),
});

export const promotionsBody = promotionBody.omit({ build: true, snapshot: true }).extend({
  things: z
    .array(z.object({ target: name(), ...thing }).strict())
    .min(1)
    .max(100)
    .meta({ description: 'one for each target: a build, or a snapshot' }),
});

export const demotionBody = z.object({
  reason: z.string().trim().min(1).max(10_000),
  promotion: z.int().min(1).optional().meta({ description: 'refuse unless this is the one that stands' }),
});
