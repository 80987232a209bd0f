import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cursorText, cutPage, decodeCursor, type WorkerResource } from '../../api/index.ts';
import { readWorkers, type WorkerView } from '../../queue/index.ts';
import { iso, isoOrNull } from '../answers/times.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { serveRoute } from '../serve-route.ts';

const byName = z.tuple([cursorText()]);

export function serveWorkerList(app: FastifyInstance, { trunk }: ServerContext): void {
  serveRoute(app, 'listWorkers', 'listed', async ({ query: { limit, cursor }, request }) => {
    const [after = ''] = decodeCursor(byName, cursor) ?? [];
    const visible = visibleTargets(request, 'build.read', trunk.settings.targets);
    const seen = (target: string) => visible?.includes(target) ?? true;
    const found = (await readWorkers(trunk.db, trunk.now())).filter(
      // Whoever may read no target of a worker's is not told of it.
      ({ name, known, running }) =>
        name > after &&
        (visible === null || [...(known?.targets ?? []), ...running.map(({ target }) => target)].some(seen)),
    );
    return cutPage(found, limit, { keys: ({ name }) => [name], view: (one) => workerAnswer(one, seen) });
  });
}

function workerAnswer(
  { name, present, known, running }: WorkerView,
  seen: (target: string) => boolean,
): WorkerResource {
  return {
    ...{ name, present, host: known?.host ?? null, version: known?.version ?? null },
    labels: [...(known?.profile.labels ?? [])],
    architectures: [...(known?.profile.architectures ?? [])],
    formats: [...(known?.profile.formats ?? [])],
    builders: [...(known?.profile.builders ?? [])],
    memory: known?.profile.memory ?? null,
    targets: (known?.targets ?? []).filter(seen),
    firstSeenAt: known === null ? null : iso(known.firstSeenAt),
    lastSeenAt: known === null ? null : iso(known.seenAt),
    running: running
      .filter(({ target }) => seen(target))
      .map(({ build, attempt, project, target, startedAt }) => ({
        ...{ build, attempt, project, target, startedAt: isoOrNull(startedAt) },
      })),
  };
}
