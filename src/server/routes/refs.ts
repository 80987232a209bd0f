import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cursorNumber, cursorText, cutPage, decodeCursor } from '../../api/index.ts';
import { findRef, listRefMoves, listRefs } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { may, mayReadSome } from '../../model/access/index.ts';
import { requireTarget } from '../../model/index.ts';
import { refAnswer, refMoveAnswer } from '../answers/snapshots.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';

const byName = z.tuple([cursorText()]);
const byId = z.tuple([cursorNumber()]);
const reads = { action: 'repository.read', on: (params: { target: string; ref: string }) => ({ ...params }) } as const;

export function serveRefs(app: FastifyInstance, { trunk: { db, settings } }: ServerContext): void {
  serveRoute(app, 'listRefs', 'listed', async ({ params, query: { limit, cursor }, request: { principal } }) => {
    const { name: target } = requireTarget(settings, params.target);
    const [after = ''] = decodeCursor(byName, cursor) ?? [];
    const found = mayReadSome(principal, target) ? await listRefs(db, target) : [];
    const rest = found.filter(({ name }) => name > after && may(principal, 'repository.read', { target, ref: name }));
    return cutPage(rest, limit, { keys: ({ name }) => [name], view: (ref) => refAnswer(settings, ref) });
  });
  const requireRef = async ({ target, ref }: { target: string; ref: string }) => {
    const found = await findRef(db, requireTarget(settings, target).name, ref);
    if (found !== null) return found;
    throw new TrunklineError('not_found', `${target} has no ref ${ref}`, {
      hint: `/api/v1/targets/${target}/refs lists those there are`,
    });
  };
  serveRoute(app, 'getRef', reads, async ({ params }) => refAnswer(settings, await requireRef(params)));
  serveRoute(app, 'listRefMoves', reads, async ({ params, query: { limit, cursor } }) => {
    const [before] = decodeCursor(byId, cursor) ?? [];
    const moves = await listRefMoves(db, requireTarget(settings, params.target).name, params.ref, limit + 1, before);
    // What was removed has a history still.
    if (moves.length === 0 && before === undefined) await requireRef(params);
    return cutPage(moves, limit, { keys: ({ id }) => [id], view: refMoveAnswer });
  });
}
