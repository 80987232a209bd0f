import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireMay } from '../../access/index.ts';
import { cursorNumber, cutPage, decodeCursor, type Query, type Routes } from '../../api/index.ts';
import { findBuild, listPromotions, requireSnapshot } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { may } from '../../model/access/index.ts';
import { requireTarget } from '../../model/index.ts';
import {
  demote,
  findLastGood,
  findLastTested,
  promote,
  reportVote,
  votesOf,
  type Taker,
  type Thing,
} from '../../promotion/index.ts';
import { refMoveAnswer } from '../answers/snapshots.ts';
import { promotedAnswer, promotionAnswer, testedAnswer, voteAnswer } from '../answers/votes.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';
import { defined } from './builds.ts';

const byId = z.tuple([cursorNumber()]);
const reads = { action: 'build.read', on: ({ target }: { target: string }) => ({ target }) } as const;
const votes = { action: 'vote.cast', on: ({ target }: { target: string }) => ({ target }) } as const;
const moves = { action: 'ref.move', on: (params: { target: string; ref: string }) => ({ ...params }) } as const;

export function serveVotes(app: FastifyInstance, { trunk }: ServerContext): void {
  serveRoute(app, 'listVotes', reads, async ({ params, query: { limit, cursor, build, snapshot, ...filter } }) => {
    const { name: target } = requireTarget(trunk.settings, params.target);
    const [before] = decodeCursor(byId, cursor) ?? [];
    const named =
      build === undefined && snapshot === undefined ? undefined : await thingOf(trunk, target, { build, snapshot });
    const found = await votesOf(trunk, defined({ target, ...filter, before, thing: named, limit: limit + 1 }));
    const now = trunk.now();
    return cutPage(found, limit, { keys: ({ id }) => [id], view: (vote) => voteAnswer(vote, now) });
  });
  serveRoute(app, 'castVote', votes, async ({ params, body, request }) => {
    const thing = await thingOf(trunk, params.target, body);
    const { job, result, url = null, notes = null, votedAt, lasts } = body;
    const vote = await reportVote(trunk, thing, {
      ...{ job, result, url, notes, actor: request.principal.name },
      votedAt: votedAt === undefined ? null : Date.parse(votedAt),
      lasts: lasts === undefined ? null : lasts * 1000,
    });
    return voteAnswer(vote, trunk.now());
  });
  serveTested(app, trunk);
  servePromotions(app, trunk);
}

type Trunk = ServerContext['trunk'];

function serveTested(app: FastifyInstance, trunk: Trunk): void {
  const tested = async (target: string, query: Query<Routes['getLastTested']>, taker: Taker | null) => {
    const wanted = { ...wantedOf(target, query), job: query.job ?? null, result: query.result ?? null };
    return testedAnswer(await findLastTested(trunk, wanted, taker), trunk.now());
  };
  const good = async (target: string, query: Query<Routes['getLastGood']>, taker: Taker | null) => {
    const wanted = { ...wantedOf(target, query), jobs: query.jobs.split(',') };
    return testedAnswer(await findLastGood(trunk, wanted, taker), trunk.now());
  };
  serveRoute(app, 'getLastTested', reads, ({ params, query }) => tested(params.target, query, null));
  serveRoute(app, 'takeLastTested', votes, ({ params, query, body, request }) =>
    tested(params.target, query, takerOf(body, request)),
  );
  serveRoute(app, 'getLastGood', reads, ({ params, query }) => good(params.target, query, null));
  serveRoute(app, 'takeLastGood', votes, ({ params, query, body, request }) =>
    good(params.target, query, takerOf(body, request)),
  );
}

function wantedOf(target: string, { of, max_age: maxAge, order, project }: Omit<Query<Routes['getLastGood']>, 'jobs'>) {
  return {
    ...{ target, kind: of, order, projects: project === undefined ? [] : project.split(',') },
    maxAge: maxAge === undefined ? null : maxAge * 1000,
  };
}

function takerOf(
  { job, url, lasts }: { job: string; url?: string | undefined; lasts?: number | undefined },
  { principal }: FastifyRequest,
): Taker {
  return { job, url: url ?? null, actor: principal.name, lasts: lasts === undefined ? null : lasts * 1000 };
}

function servePromotions(app: FastifyInstance, trunk: Trunk): void {
  serveRoute(app, 'listPromotions', 'listed', async ({ params, query, request: { principal } }) => {
    const { name: target } = requireTarget(trunk.settings, params.target);
    const { limit, cursor, name, build: buildId, snapshot: digits, standing } = query;
    const [before] = decodeCursor(byId, cursor) ?? [];
    const snapshot = digits === undefined ? undefined : (await requireSnapshot(trunk.db, target, digits)).hash;
    const filter = defined({ target, name, buildId, snapshot, standing: standing === 'true', before });
    const page = cutPage(await listPromotions(trunk.db, { ...filter, limit: limit + 1 }), limit, {
      keys: ({ id }) => [id],
      view: promotionAnswer,
    });
    const items = page.items.filter((one) => may(principal, 'repository.read', { target, ref: one.name }));
    return { ...page, items };
  });
  serveRoute(app, 'promote', moves, async ({ params: { target, ref: name }, body, request: { principal } }) => {
    const thing = await thingOf(trunk, target, body);
    const order = { actor: principal.name, reason: body.reason, require: body.require ?? [] };
    const [promoted] = await promote(trunk, [{ name, thing }], order);
    if (promoted === undefined) throw new Error('nothing was promoted');
    return promotedAnswer(promoted);
  });
  // What is promoted may be of several targets: the name has to be the asker's to move on each.
  serveRoute(app, 'promoteAll', 'listed', async ({ params: { ref: name }, body, request: { principal } }) => {
    const wishes: { name: string; thing: Thing }[] = [];
    for (const { target } of body.things) await requireMay(trunk.db, principal, 'ref.move', { target, ref: name });
    for (const { target, ...thing } of body.things) wishes.push({ name, thing: await thingOf(trunk, target, thing) });
    const order = { actor: principal.name, reason: body.reason, require: body.require ?? [] };
    return { items: (await promote(trunk, wishes, order)).map(promotedAnswer) };
  });
  serveRoute(app, 'demote', moves, async ({ params, body, request: { principal } }) => {
    const subject = { target: requireTarget(trunk.settings, params.target), name: params.ref };
    const expected = body.promotion === undefined ? {} : { expected: body.promotion };
    const order = { actor: principal.name, reason: body.reason, ...expected };
    const { promotion, move } = await demote(trunk, subject, order);
    return { ...promotionAnswer(promotion), move: move && refMoveAnswer(move) };
  });
}

/** What the body names, of this target: who may do something on one target names no build of another one. @throws TrunklineError */
async function thingOf(
  trunk: Trunk,
  target: string,
  { build, snapshot }: { build?: number | undefined; snapshot?: string | undefined },
): Promise<Thing> {
  requireTarget(trunk.settings, target);
  if ((build === undefined) === (snapshot === undefined))
    throw new TrunklineError('invalid_argument', 'Neither a build nor a snapshot is named, or both are', {
      hint: 'send one of build and snapshot',
    });
  if (snapshot !== undefined) return { target, snapshot };
  const found = await findBuild(trunk.db, build ?? 0);
  if (found?.target === target) return { buildId: found.id };
  throw new TrunklineError('not_found', `There is no build ${String(build)} for ${target}`, {
    hint: '/api/v1/builds lists those there are',
  });
}
