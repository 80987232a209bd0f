import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  cursorText,
  cutPage,
  decodeCursor,
  firstFitting,
  type ProjectResource,
  type TargetResource,
} from '../../api/index.ts';
import { requireMay } from '../../access/index.ts';
import { redact } from '../../lib/index.ts';
import { requireProject, requireTarget, type GitBranch, type Project, type Target } from '../../model/index.ts';
import { may } from '../../model/access/index.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { serveRoute } from '../serve-route.ts';

const byName = z.tuple([cursorText()]);
const order = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

export function serveProjects(app: FastifyInstance, { trunk: { db, settings } }: ServerContext): void {
  const projects = [...settings.projects].sort(order);
  const targets = [...settings.targets].sort(order);
  /** Somebody sees a project when they see it on one of its targets; of the others they are not told. */
  const targetsFor =
    ({ principal }: FastifyRequest) =>
    ({ name, targets: all }: Project) =>
      all.filter((target) => may(principal, 'build.read', { project: name, target }));
  serveRoute(app, 'listProjects', 'listed', async ({ query: { limit, cursor }, request }) => {
    const [after = ''] = decodeCursor(byName, cursor) ?? [];
    const seen = targetsFor(request);
    const rest = firstFitting(projects, limit + 1, (one) => {
      if (one.name <= after) return false;
      return seen(one).length > 0 || may(request.principal, 'build.read', { project: one.name });
    });
    const view = (one: Project) => projectAnswer(one, seen(one));
    return Promise.resolve(cutPage(rest, limit, { keys: ({ name }) => [name], view }));
  });
  serveRoute(app, 'getProject', 'listed', async ({ params: { project }, request }) => {
    const found = settings.projects.find(({ name }) => name === project);
    const seen = found === undefined ? [] : targetsFor(request)(found);
    // Whoever sees none of its targets is told the same of a project that is not there.
    if (seen.length === 0) await requireMay(db, request.principal, 'build.read', { project });
    return projectAnswer(requireProject(settings, project), seen);
  });
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
function projectAnswer(
  { name, upstream, packaging, component, tags }: Project,
  targets: readonly string[],
): ProjectResource {
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
