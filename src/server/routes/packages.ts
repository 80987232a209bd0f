import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cursorNumber, cutPage, decodeCursor } from '../../api/index.ts';
import { listPackagesBy, requirePackage } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { may } from '../../model/access/index.ts';
import { packageAnswer } from '../answers/builds.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { serveRoute } from '../serve-route.ts';
import { defined } from './builds.ts';

const byId = z.tuple([cursorNumber()]);

export function servePackages(app: FastifyInstance, { trunk: { db, settings } }: ServerContext): void {
  serveRoute(app, 'listPackages', 'listed', async ({ query: { limit, cursor, ...filter }, request }) => {
    const [before] = decodeCursor(byId, cursor) ?? [];
    const targets = visibleTargets(request, 'repository.read', settings.targets);
    const found = await listPackagesBy(db, {
      ...defined(filter),
      ...(before === undefined ? {} : { before }),
      ...(targets === null ? {} : { targets }),
      limit: limit + 1,
    });
    return cutPage(found, limit, { keys: ({ id }) => [id], view: packageAnswer });
  });
  serveRoute(app, 'getPackage', 'listed', async ({ params, request }) => {
    const found = await requirePackage(db, params.package);
    if (may(request.principal, 'repository.read', { target: found.target })) return packageAnswer(found);
    throw new TrunklineError('not_found', `There is no package ${String(params.package)}`, {
      hint: 'the list of packages shows those there are',
    });
  });
}
