import type { FastifyInstance, FastifyRequest } from 'fastify';
import { requireMay } from '../../access/index.ts';
import { materialiseSnapshot } from '../../app/materialised/index.ts';
import { requireTarget } from '../../model/index.ts';
import { addHold, removeHold, removeRef, setRef, undoRef } from '../../promotion/index.ts';
import { snapshotPath } from '../answers/builds.ts';
import { holdAnswer, refMoveAnswer } from '../answers/snapshots.ts';
import { futureOrNull, iso } from '../answers/times.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';

interface OfRef {
  target: string;
  ref: string;
}
interface OfSnapshot {
  target: string;
  snapshot: string;
}

const moves = {
  action: ({ force }: { force: boolean }) => (force ? 'ref.force' : 'ref.move'),
  on: (params: OfRef) => ({ ...params }),
} as const;
const removes = {
  action: ({ force }: { force: boolean }) => (force ? 'ref.force' : 'ref.remove'),
  on: (params: OfRef) => ({ ...params }),
} as const;
const holds = { action: 'hold.change', on: ({ target }: OfSnapshot) => ({ target }) } as const;

/** What moves refs, and keeps snapshots. */
export function serveRefChanges(app: FastifyInstance, { trunk }: ServerContext): void {
  const subjectOf = (target: string, name: string) => ({ target: requireTarget(trunk.settings, target), name });
  /** A snapshot may be named by a ref that is not for everybody. */
  const readable = async ({ principal }: FastifyRequest, target: string, name: string) => {
    await requireMay(trunk.db, principal, 'repository.read', { target, ref: name });
    return subjectOf(target, name);
  };

  serveRoute(app, 'setRef', moves, async ({ params: { target, ref }, body: { snapshot, ...how }, request }) => {
    await readable(request, target, snapshot);
    const order = { ...how, actor: request.principal.name };
    const move = await setRef(trunk, subjectOf(target, ref), snapshot, order);
    return { move: move && refMoveAnswer(move) };
  });
  serveRoute(app, 'undoRef', moves, async ({ params: { target, ref }, body, request }) =>
    refMoveAnswer(await undoRef(trunk, subjectOf(target, ref), { ...body, actor: request.principal.name })),
  );
  serveRoute(app, 'removeRef', removes, async ({ params: { target, ref }, body, request }) =>
    refMoveAnswer(await removeRef(trunk, subjectOf(target, ref), { ...body, actor: request.principal.name })),
  );
  serveRoute(app, 'addHold', holds, async ({ params, body: { reason, until }, request }) => {
    const subject = await readable(request, params.target, params.snapshot);
    const order = { actor: request.principal.name, reason, until: futureOrNull('until', until, trunk.now()) };
    return holdAnswer(await addHold(trunk, subject, order));
  });
  serveRoute(app, 'removeHold', holds, async ({ params, body: { reason = null }, request }) => {
    const subject = await readable(request, params.target, params.snapshot);
    return holdAnswer(await removeHold(trunk, subject, { actor: request.principal.name, reason }));
  });
  serveRoute(app, 'materialise', holds, async ({ params, request }) => {
    const subject = await readable(request, params.target, params.snapshot);
    const made = await materialiseSnapshot(trunk, subject, { actor: request.principal.name });
    const { target, snapshot, wasThere, until } = made;
    return { target, snapshot, wasThere, repository: snapshotPath(target, snapshot), until: iso(until) };
  });
}
