import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  createToken,
  createWorkerToken,
  endToken,
  requireAccount,
  requireMay,
  requireToken,
  requireUser,
  type MadeToken,
} from '../../access/index.ts';
import { cursorNumber, cutPage, decodeCursor } from '../../api/index.ts';
import { listTokens, type Token } from '../../db/index.ts';
import { tokenAnswer } from '../answers/access.ts';
import { futureOrNull } from '../answers/times.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';
import { changeOf } from './access.ts';
import { defined } from './builds.ts';

const byId = z.tuple([cursorNumber()]);
const ofWorkers = { action: 'worker.manage', on: () => ({}) } as const;

/** Tokens of users, which users have made for themselves too, and of workers. */
export function serveTokens(app: FastifyInstance, context: ServerContext): void {
  const { db, now } = context.trunk;
  const page = (found: readonly Token[], { limit, cursor }: { limit: number; cursor?: string | undefined }) => {
    const [after = 0] = decodeCursor(byId, cursor) ?? [];
    const rest = found.filter(({ id }) => id > after);
    return cutPage(rest, limit, { keys: ({ id }) => [id], view: tokenAnswer });
  };
  const end = (at: string | null) => futureOrNull('expiresAt', at ?? undefined, now());

  serveRoute(app, 'listTokens', 'listed', async ({ params, query, request }) => {
    await requireAccount(db, request.principal, params.user, { looks: true });
    const { id } = await requireUser(db, params.user);
    return page(await listTokens(db, { userId: id }), query);
  });
  serveRoute(app, 'createToken', 'listed', async ({ params: { user }, body, request }) => {
    await requireAccount(db, request.principal, user, { adds: true });
    const scope = body.scope?.map(defined) ?? null;
    const order = { user, name: body.name, scope, expiresAt: end(body.expiresAt) };
    return madeAnswer(await createToken(db, order, changeOf(context, request, body)));
  });
  serveRoute(app, 'listWorkerTokens', ofWorkers, async ({ query }) =>
    page(await listTokens(db, { ofWorkers: true }), query),
  );
  serveRoute(app, 'createWorkerToken', ofWorkers, async ({ body, request }) => {
    const { name, targets, labels, attempts } = body;
    const order = {
      name,
      worker: { targets, labels, ...(attempts === undefined ? {} : { attempts }) },
      expiresAt: end(body.expiresAt),
    };
    return madeAnswer(await createWorkerToken(db, order, changeOf(context, request, body)));
  });
  serveRoute(app, 'revokeToken', 'listed', async ({ params, body, request }) => {
    const { principal } = request;
    // Whoever has not logged in is not told which there are.
    if (principal.user === undefined) await requireMay(db, principal, 'user.change', {});
    const token = await requireToken(db, params.token);
    if (token.user === null) await requireMay(db, principal, 'worker.manage', {});
    // A token that leaked may be ended by whoever finds it, and ends no other one.
    else if (principal.name !== `${token.user}/${token.name}`) await requireAccount(db, principal, token.user);
    return tokenAnswer(await endToken(db, token.id, changeOf(context, request, body)));
  });
}

function madeAnswer({ token, secret }: MadeToken) {
  return { ...tokenAnswer(token), secret };
}
