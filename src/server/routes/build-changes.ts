import type { FastifyInstance, FastifyRequest } from 'fastify';
import { requireBuildWithRevision } from '../../db/index.ts';
import { requireProject } from '../../builds/index.ts';
import { cancel } from '../../queue/index.ts';
import { askForPoll, recheckProject, type Rechecked } from '../../trunk/index.ts';
import { buildAnswer, redactOrNull } from '../answers/builds.ts';
import { iso, isoOrNull } from '../answers/times.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';
import { visibleBuild } from './builds.ts';

const tries = ({ force }: { force: boolean }) => (force ? 'build.force' : 'build.recheck');

/** What has builds tried again, or ended. */
export function serveBuildChanges(app: FastifyInstance, context: ServerContext): void {
  const { trunk } = context;
  const onBuild = async ({ build: id }: { build: number }, { request }: { request: FastifyRequest }) => {
    const { project, target } = (await visibleBuild(context, request, id)).build;
    return { project, target };
  };
  const again = async (
    which: string | number,
    { force, reason, target }: { force: boolean; reason?: string | undefined; target?: string | undefined },
    { principal }: FastifyRequest,
  ) => {
    const why = { reason: reason ?? null, actor: principal.name };
    const queued = await recheckProject(trunk, which, { force, target: target ?? null, ...why });
    trunk.queueBell.ring();
    return queued.map(recheckedAnswer);
  };

  serveRoute(app, 'recheckBuild', { action: tries, on: onBuild }, async ({ params, body, request }) => {
    const [done] = await again(params.build, body, request);
    if (done === undefined) throw new Error('nothing was rechecked');
    return done;
  });
  serveRoute(
    app,
    'recheckProject',
    {
      action: tries,
      on: ({ project }, { body: { target } }) => (target === undefined ? { project } : { project, target }),
    },
    async ({ params, body, request }) => {
      const { name } = requireProject(trunk.settings, params.project);
      return { items: await again(name, body, request) };
    },
  );
  const onProject = ({ project }: { project: string }) => ({ project });
  serveRoute(app, 'pollProject', { action: 'project.poll', on: onProject }, async ({ params, body, request }) => {
    const { name: project } = requireProject(trunk.settings, params.project);
    const order = { project, actor: request.principal.name, reason: body.reason ?? null };
    const { askedAt, polledAt, error } = await askForPoll(trunk, order);
    return { project, askedAt: iso(askedAt ?? trunk.now()), polledAt: isoOrNull(polledAt), error: redactOrNull(error) };
  });
  serveRoute(app, 'cancelBuild', { action: 'build.cancel', on: onBuild }, async ({ params, body, request }) => {
    const { reason } = body;
    const asker = { actor: request.principal.name, ...(reason === undefined ? {} : { reason }), now: trunk.now() };
    await cancel(trunk.db, params.build, asker);
    trunk.queueBell.ring();
    return buildAnswer(await requireBuildWithRevision(trunk.db, params.build));
  });
}

function recheckedAnswer({ buildId: build, project, target, made }: Rechecked) {
  return { build, project, target, made };
}
