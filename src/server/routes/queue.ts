import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cursorNumber, cutPage, decodeCursor, type QueuedAttemptResource } from '../../api/index.ts';
import { listWaiting, oldestWaiting, type WaitingAttempt } from '../../db/index.ts';
import type { Waits } from '../../model/index.ts';
import { readQueue, waitsOf } from '../../queue/index.ts';
import { iso, isoOrNull } from '../answers/times.ts';
import { waitsAnswer } from '../answers/builds.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { serveRoute } from '../serve-route.ts';
import { defined } from './builds.ts';

const byOrder = z.tuple([cursorNumber(), cursorNumber(), cursorNumber()]);

export function serveQueue(app: FastifyInstance, { trunk }: ServerContext): void {
  const { db, settings } = trunk;
  serveRoute(app, 'getQueue', 'listed', async ({ request }) => {
    const targets = visibleTargets(request, 'build.read', settings.targets);
    const state = await readQueue(db, trunk.now(), targets === null ? {} : { targets });
    const oldest = targets === null ? await oldestWaiting(db) : null;
    return { ...state, nextAt: isoOrNull(state.nextAt), oldestAt: isoOrNull(oldest) };
  });
  serveRoute(app, 'listQueue', 'listed', async ({ query: { limit, cursor, ...filter }, request }) => {
    const [priority, commitTime, id] = decodeCursor(byOrder, cursor) ?? [];
    const targets = visibleTargets(request, 'build.read', settings.targets);
    const started = priority !== undefined && commitTime !== undefined && id !== undefined;
    const found = await listWaiting(db, {
      ...defined(filter),
      ...(started ? { after: { priority, commitTime, id } } : {}),
      ...(targets === null ? {} : { targets }),
      limit: limit + 1,
    });
    const waits = await waitsOf(db, settings, found, trunk.now());
    return cutPage(found, limit, {
      keys: (one) => [one.priority, one.commitTime, one.id],
      view: (one) => waitingAnswer(one, waits.get(one.id) ?? null),
    });
  });
}

function waitingAnswer(one: WaitingAttempt, waits: Waits | null): QueuedAttemptResource {
  const { buildId, number, project, target, kind, priority, state, worker } = one;
  return {
    ...{ build: buildId, attempt: number, project, target, kind, priority, state, worker },
    createdAt: iso(one.createdAt),
    notBefore: iso(one.notBefore),
    startedAt: isoOrNull(one.startedAt),
    waits: waitsAnswer(waits),
  };
}
