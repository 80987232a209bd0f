import type { FastifyInstance } from 'fastify';
import { requireMay } from '../../access/index.ts';
import { requireTarget } from '../../model/index.ts';
import { openCollections } from '../collections.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';

const on = (target: string | null | undefined) => (typeof target === 'string' ? { target } : {});

/** What collects garbage. */
export function serveCollections(app: FastifyInstance, context: ServerContext): void {
  const collections = openCollections(context);
  // The database is closed after that.
  app.addHook('onClose', () => collections.settled());
  serveRoute(
    app,
    'startCollection',
    { action: 'gc.run', on: (_params, { body }) => on(body.target) },
    ({ body, request: { principal } }) => {
      if (body.target !== undefined) requireTarget(context.trunk.settings, body.target);
      return Promise.resolve(collections.start(body, principal.name));
    },
  );
  serveRoute(app, 'getCollection', 'listed', async ({ params, request: { principal } }) => {
    // Whoever may collect nothing is not told which there were.
    if (!principal.grants.some(({ role }) => role === 'admin'))
      await requireMay(context.trunk.db, principal, 'gc.run', {});
    const found = collections.get(params.collection);
    await requireMay(context.trunk.db, principal, 'gc.run', on(found.target));
    return found;
  });
}
