import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { quarantineDamaged } from '../../app/index.ts';
import { cursorNumber, cutPage, decodeCursor } from '../../api/index.ts';
import { listPackagesBy, requirePackage } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { may } from '../../model/access/index.ts';
import { requireTarget } from '../../model/index.ts';
import { packageAnswer } from '../answers/builds.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { serveRoute } from '../serve-route.ts';
import { defined } from './builds.ts';

const byId = z.tuple([cursorNumber()]);

const quarantines = { action: 'package.quarantine', on: ({ target }: { target: string }) => ({ target }) } as const;

export function servePackages(app: FastifyInstance, { trunk }: ServerContext): void {
  const { db, settings } = trunk;
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
  serveRoute(app, 'quarantine', quarantines, async ({ params, body: { file }, request: { principal } }) => {
    const suspect = { fullName: params.package, fileName: file };
    return {
      quarantined: await quarantineDamaged(trunk, requireTarget(settings, params.target), suspect, principal.name),
    };
  });
}
