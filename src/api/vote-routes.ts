import { z } from 'zod';
import { VERDICTS, VOTE_LIMITS, VOTE_RESULTS, VOTED_KINDS } from '../model/index.ts';
import { pageOf, pageQuery } from './paging.ts';
import { name, number, refName } from './resources/fields.ts';
import {
  demotedSchema,
  demotionBody,
  promotedSchema,
  promotionBody,
  promotionsBody,
  promotionSchema,
  takeBody,
  testedSchema,
  voteBody,
  voteSchema,
} from './resources/votes.ts';

const params = z.object({ target: name() });
const ref = z.object({ target: name(), ref: refName() });
const job = z
  .string()
  .regex(/^[^\p{Cc}]+$/u)
  .max(VOTE_LIMITS.job);
const snapshot = z.string().regex(/^[0-9a-f]{8,64}$/);

const wanted = {
  of: z.enum(VOTED_KINDS).default('snapshot'),
  max_age: number(1e9).optional().meta({ description: 'seconds: only verdicts that are younger' }),
  order: z
    .enum(['made', 'voted'])
    .default('made')
    .meta({ description: 'the newest thing that fits, or the one voted upon last' }),
  project: z
    .string()
    .regex(/^[A-Za-z0-9._+,-]{1,4000}$/)
    .optional()
    .meta({ description: 'with of=build: only builds of this project, or of these, separated by commas' }),
};
const tested = z.object({ ...wanted, job: job.optional(), result: z.enum(VERDICTS).optional() });
const good = z.object({ ...wanted, jobs: z.string().max(4000).meta({ description: 'names, separated by commas' }) });

const tag = 'votes';
const get = { method: 'GET', tag } as const;
const post = { method: 'POST', tag } as const;

/** Votes, what was tested last, promotions. */
export const VOTE_ROUTES = {
  listVotes: {
    ...{ ...get, path: '/targets/:target/votes', params },
    summary: 'What CI jobs said of builds and snapshots, the last first',
    query: z.object({
      ...pageQuery,
      build: number().optional(),
      snapshot: snapshot.optional(),
      job: job.optional(),
      result: z.enum(VOTE_RESULTS).optional(),
    }),
    answer: pageOf(voteSchema),
  },
  castVote: {
    ...{ ...post, path: '/targets/:target/votes', params, body: voteBody },
    summary: 'Report what a job says of a build or a snapshot, or that it is at it',
    answer: voteSchema,
  },
  getLastTested: {
    ...{ ...get, path: '/targets/:target/last-tested', params, query: tested },
    summary: 'The last build or snapshot with a verdict that fits',
    answer: testedSchema,
  },
  takeLastTested: {
    ...{ ...post, path: '/targets/:target/last-tested', params, query: tested, body: takeBody },
    summary: 'The same, and in one step the mark that a job is at it from now on',
    answer: testedSchema,
  },
  getLastGood: {
    ...{ ...get, path: '/targets/:target/last-good', params, query: good },
    summary: 'The last build or snapshot that each of some jobs found good',
    answer: testedSchema,
  },
  takeLastGood: {
    ...{ ...post, path: '/targets/:target/last-good', params, query: good, body: takeBody },
    summary: 'The same, and in one step the mark that a job is at it from now on',
    answer: testedSchema,
  },
  listPromotions: {
    ...{ ...get, path: '/targets/:target/promotions', params },
    summary: 'What was promoted under which name, the last first',
    query: z.object({
      ...pageQuery,
      name: refName().optional(),
      build: number().optional(),
      snapshot: snapshot.optional(),
      standing: z.enum(['true', 'false']).optional().meta({ description: 'without those taken back' }),
    }),
    answer: pageOf(promotionSchema),
  },
  promote: {
    ...{ ...post, path: '/targets/:target/refs/:ref/promotions', params: ref, body: promotionBody },
    summary: 'Give a snapshot, or the snapshot of a build, a name',
    answer: promotedSchema,
  },
  promoteAll: {
    ...{ ...post, path: '/promotions/:ref', params: z.object({ ref: refName() }), body: promotionsBody },
    summary: 'Give snapshots of several targets a name: all of them or none',
    answer: z.object({ items: z.array(promotedSchema) }),
  },
  demote: {
    ...{ ...post, path: '/targets/:target/refs/:ref/demotions', params: ref, body: demotionBody },
    summary: 'Take the last promotion under a name back',
    answer: demotedSchema,
  },
} as const;
