import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cursorNumber, cutPage, decodeCursor } from '../../api/index.ts';
import { logDirectory } from '../../builds/index.ts';
import { listLogs } from '../../builds/logs/index.ts';
import {
  findAttemptNumbered,
  listAttempts,
  listBuilds,
  requireBuildWithRevision,
  type QueuedAttempt,
} from '../../db/index.ts';
import { redact, TrunklineError } from '../../lib/index.ts';
import { may } from '../../model/access/index.ts';
import type { Build, Waits } from '../../model/index.ts';
import { waitsOf } from '../../queue/index.ts';
import { attemptAnswer, buildAnswer } from '../answers/builds.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { serveRoute } from '../serve-route.ts';

const byId = z.tuple([cursorNumber()]);

export function serveBuilds(app: FastifyInstance, context: ServerContext): void {
  const { db, settings } = context.trunk;
  serveRoute(app, 'listBuilds', 'listed', async ({ query: { limit, cursor, ...filter }, request }) => {
    const [before] = decodeCursor(byId, cursor) ?? [];
    const targets = visibleTargets(request, 'build.read', settings.targets);
    const found = await listBuilds(db, {
      ...defined(filter),
      ...(before === undefined ? {} : { before }),
      ...(targets === null ? {} : { targets }),
      limit: limit + 1,
    });
    return cutPage(found, limit, { keys: ({ build }) => [build.id], view: buildAnswer });
  });
  serveRoute(app, 'getBuild', 'listed', async ({ params, request }) =>
    buildAnswer(await visibleBuild(context, request, params.build)),
  );
  serveRoute(app, 'listAttempts', 'listed', async ({ params, query: { limit, cursor }, request }) => {
    const { build } = await visibleBuild(context, request, params.build);
    const [after = 0] = decodeCursor(byId, cursor) ?? [];
    const later = (await listAttempts(db, params.build)).filter(({ number }) => number > after);
    const waits = await waitsOfBuild(context, build, later);
    return cutPage(later, limit, {
      keys: ({ number }) => [number],
      view: (one) => attemptAnswer(one, waits.get(one.id) ?? null),
    });
  });
  serveRoute(app, 'getAttempt', 'listed', async ({ params, request }) => {
    const { build } = await visibleBuild(context, request, params.build);
    const attempt = await visibleAttempt(context, request, params);
    const waits = (await waitsOfBuild(context, build, [attempt])).get(attempt.id) ?? null;
    return { ...attemptAnswer(attempt, waits), inputs: inputsOf(attempt), logs: await logsOf(context, attempt) };
  });
}

/** A build whose target whoever asks may read. @throws TrunklineError `not_found` also for one that they may not */
export async function visibleBuild(context: ServerContext, request: FastifyRequest, id: number) {
  const found = await requireBuildWithRevision(context.trunk.db, id);
  const { project, target } = found.build;
  if (may(request.principal, 'build.read', { project, target })) return found;
  throw new TrunklineError('not_found', `There is no build ${String(id)}`, {
    hint: 'the list of builds shows those there are',
  });
}

/** @throws TrunklineError `not_found` */
export async function visibleAttempt(
  context: ServerContext,
  request: FastifyRequest,
  { build, attempt }: { build: number; attempt: number },
): Promise<QueuedAttempt> {
  await visibleBuild(context, request, build);
  const found = await findAttemptNumbered(context.trunk.db, build, attempt);
  if (found !== null) return found;
  throw new TrunklineError('not_found', `Build ${String(build)} has no attempt ${String(attempt)}`, {
    hint: `/api/v1/builds/${String(build)}/attempts lists those there are`,
  });
}

/** Why those of a build's attempts that wait do so, by their ids. */
export function waitsOfBuild(
  { trunk }: ServerContext,
  { target }: Pick<Build, 'target'>,
  attempts: readonly QueuedAttempt[],
): Promise<Map<number, Waits>> {
  const ofTarget = attempts.map((one) => ({ ...one, target }));
  return waitsOf(trunk.db, trunk.settings, ofTarget, trunk.now());
}

function inputsOf({ inputs }: QueuedAttempt) {
  if (inputs === null) return null;
  const { version, baseRepositories, buildroot, installed, ...rest } = inputs;
  return {
    ...rest,
    version: version && { epoch: version.epoch, version: version.version, release: version.release },
    baseRepositories: baseRepositories.map(({ id, address, revision }) => ({ id, address: redact(address), revision })),
    buildroot: [...buildroot],
    installed: [...installed],
  };
}

function logsOf({ trunk }: ServerContext, { buildId, number }: QueuedAttempt): Promise<string[]> {
  return listLogs(logDirectory(trunk.settings, buildId, number));
}

/** Without the keys that were not given. */
export function defined<T extends object>(filter: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as never;
}
