import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cursorText, cutPage, decodeCursor, type ProjectResource, type TargetResource } from '../../api/index.ts';
import { redact } from '../../lib/index.ts';
import { requireProject, requireTarget, type GitBranch, type Project, type Target } from '../../model/index.ts';
import { may } from '../../model/access/index.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { serveRoute } from '../serve-route.ts';

const byName = z.tuple([cursorText()]);
const order = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

export function serveProjects(app: FastifyInstance, { trunk: { settings } }: ServerContext): void {
  const projects = [...settings.projects].sort(order);
  const targets = [...settings.targets].sort(order);
  const seenBy = (request: FastifyRequest) => {
    const visible = visibleTargets(request, 'build.read', targets);
    return (one: Project) =>
      visible === null ||
      (one.targets.some((name) => visible.includes(name)) &&
        may(request.principal, 'build.read', { project: one.name }));
  };
  serveRoute(app, 'listProjects', 'listed', async ({ query: { limit, cursor }, request }) => {
    const [after = ''] = decodeCursor(byName, cursor) ?? [];
    const rest = projects.filter(({ name }) => name > after).filter(seenBy(request));
    return Promise.resolve(cutPage(rest, limit, { keys: ({ name }) => [name], view: projectAnswer }));
  });
  serveRoute(app, 'getProject', { action: 'build.read', on: ({ project }) => ({ project }) }, async ({ params }) =>
    Promise.resolve(projectAnswer(requireProject(settings, params.project))),
  );
  serveRoute(app, 'listTargets', 'listed', async ({ query: { limit, cursor }, request }) => {
    const [after = ''] = decodeCursor(byName, cursor) ?? [];
    const visible = visibleTargets(request, 'build.read', targets);
    const rest = targets.filter(({ name }) => name > after && (visible?.includes(name) ?? true));
    return Promise.resolve(cutPage(rest, limit, { keys: ({ name }) => [name], view: targetAnswer }));
  });
  serveRoute(app, 'getTarget', { action: 'build.read', on: ({ target }) => ({ target }) }, async ({ params }) =>
    Promise.resolve(targetAnswer(requireTarget(settings, params.target))),
  );
}

/** Addresses of people and credentials stay here. */
function projectAnswer({ name, upstream, packaging, component, tags, targets }: Project): ProjectResource {
  const entries = Object.entries(packaging).map(([format, one]) => [format, { ...branch(one), path: one.path }]);
  return {
    ...{ name, component, tags: [...tags], targets: [...targets] },
    upstream: branch(upstream),
    packaging: Object.fromEntries(entries) as ProjectResource['packaging'],
  };
}

const branch = ({ url, branch: name }: GitBranch) => ({ url: redact(url), branch: name });

function targetAnswer({ name, format, arch, builder, dist }: Target): TargetResource {
  return { name, format, arch, builder, dist, repository: `/repos/${name}/` };
}
