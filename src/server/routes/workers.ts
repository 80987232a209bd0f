import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cursorText, cutPage, decodeCursor, type WorkerResource } from '../../api/index.ts';
import { drainWorker, readWorkers, type WorkerView } from '../../queue/index.ts';
import { iso, isoOrNull } from '../answers/times.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { serveRoute } from '../serve-route.ts';

const byName = z.tuple([cursorText()]);

const manages = { action: 'worker.manage', on: () => ({}) } as const;

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
  const drain = async (
    resume: boolean,
    { worker: name, reason }: { worker: string; reason?: string | undefined },
    actor: string,
  ) => {
    const asked = { name, resume, actor, now: trunk.now(), ...(reason === undefined ? {} : { reason }) };
    const { worker, drainedAt, running } = await drainWorker(trunk.db, asked);
    trunk.queueBell.ring();
    return { worker, running, drainedAt: isoOrNull(drainedAt) };
  };
  serveRoute(app, 'drainWorker', manages, ({ body, request }) => drain(false, body, request.principal.name));
  serveRoute(app, 'resumeWorker', manages, ({ body, request }) => drain(true, body, request.principal.name));
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
    places: known?.profile.places ?? null,
    targets: (known?.targets ?? []).filter(seen),
    firstSeenAt: known === null ? null : iso(known.firstSeenAt),
    drainedAt: isoOrNull(known?.drainedAt ?? null),
    lastSeenAt: known === null ? null : iso(known.seenAt),
    running: running
      .filter(({ target }) => seen(target))
      .map(({ build, attempt, project, target, startedAt }) => ({
        ...{ build, attempt, project, target, startedAt: isoOrNull(startedAt) },
      })),
  };
}
