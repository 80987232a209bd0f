import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cursorText, cutPage, decodeCursor, type PinResource } from '../../api/index.ts';
import { pinProject, pinsOf, requireProject, unpinProject, type PinnedVersion } from '../../builds/index.ts';
import { may } from '../../model/access/index.ts';
import { futureOrNull, iso, isoOrNull } from '../answers/times.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';
import { defined } from './builds.ts';

const byPlace = z.tuple([cursorText(), cursorText()]);

interface Asked {
  body: { target?: string | undefined };
}
const changes = {
  action: 'pin.change',
  on: ({ project }: { project: string }, { body: { target } }: Asked) =>
    target === undefined ? { project } : { project, target },
} as const;

export function servePins(app: FastifyInstance, { trunk }: ServerContext): void {
  serveRoute(app, 'listPins', 'listed', async ({ query: { limit, cursor, ...filter }, request: { principal } }) => {
    const [project = '', target = ''] = decodeCursor(byPlace, cursor) ?? [];
    const found = (await pinsOf(trunk, defined(filter)))
      .filter((pin) => may(principal, 'build.read', { project: pin.project, target: pin.target }))
      .filter((pin) => pin.project > project || (pin.project === project && pin.target > target))
      .sort((a, b) => (a.project > b.project || (a.project === b.project && a.target > b.target) ? 1 : -1));
    return cutPage(found, limit, { keys: (pin) => [pin.project, pin.target], view: pinAnswer });
  });
  serveRoute(app, 'pinProject', changes, async ({ params, body, request }) => {
    const { version, target = null, reason } = body;
    const { name: project } = requireProject(trunk.settings, params.project);
    const until = futureOrNull('until', body.until, trunk.now());
    const order = { project, version, target, reason, until, actor: request.principal.name };
    const { pinned, without } = await pinProject(trunk, order);
    trunk.queueBell.ring();
    return { pinned: pinned.map((one) => ({ ...pinAnswer(one), snapshot: one.snapshot })), without };
  });
  serveRoute(app, 'unpinProject', changes, async ({ params, body, request }) => {
    const { target = null, reason = null } = body;
    const { name: project } = requireProject(trunk.settings, params.project);
    const ended = await unpinProject(trunk, { project, target, reason, actor: request.principal.name });
    trunk.queueBell.ring();
    return { unpinned: ended.map(({ pin, snapshot }) => ({ project, target: pin.target, snapshot })) };
  });
}

function pinAnswer({ upstreamHash: commit, ...pin }: Omit<PinnedVersion, 'snapshot'>): PinResource {
  const { id, project, target, version, actor, reason } = pin;
  const times = { createdAt: iso(pin.createdAt), until: isoOrNull(pin.until) };
  return { id, project, target, version, commit, actor, reason, ...times };
}
