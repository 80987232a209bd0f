import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cursorNumber, cursorText, cutPage, decodeCursor } from '../../api/index.ts';
import { requireMay } from '../../access/index.ts';
import { listSnapshots } from '../../db/index.ts';
import { requireTarget } from '../../model/index.ts';
import { findSnapshotNamed, requireThere } from '../../promotion/index.ts';
import { compareSnapshots, describeSnapshots } from '../../trunk/index.ts';
import { snapshotAnswer, snapshotPackageAnswer } from '../answers/snapshots.ts';
import { iso } from '../answers/times.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';
import { createManifests, readingTurns } from './manifests.ts';

const byTime = z.tuple([cursorNumber(), cursorText()]);
const byName = z.tuple([cursorText()]);

const reads = { action: 'repository.read', on: ({ target }: { target: string }) => ({ target }) } as const;
/** A snapshot may be asked for by the name of a ref, and some refs are not for everybody. */
const readsOne = {
  action: 'repository.read',
  on: ({ target, snapshot }: { target: string; snapshot: string }) => ({ target, ref: snapshot }),
} as const;

export function serveSnapshots(app: FastifyInstance, { trunk }: ServerContext): void {
  const { db, settings } = trunk;
  const subjectOf = ({ target, snapshot }: { target: string; snapshot: string }) => ({
    target: requireTarget(settings, target),
    name: snapshot,
  });
  const inTurn = readingTurns();
  const packagesOf = createManifests(trunk, inTurn);

  serveRoute(
    app,
    'listSnapshots',
    reads,
    async ({ params, query: { limit, cursor, gone }, request: { principal } }) => {
      const { name } = requireTarget(settings, params.target);
      const [createdAt, hash] = decodeCursor(byTime, cursor) ?? [];
      const before = createdAt === undefined || hash === undefined ? {} : { before: { createdAt, hash } };
      const records = await listSnapshots(db, name, { ...before, gone: gone === 'true', limit: limit + 1 });
      const listed = await describeSnapshots(trunk, name, records);
      return cutPage(listed, limit, {
        keys: (one) => [one.createdAt, one.hash],
        view: (one) => snapshotAnswer(one, principal),
      });
    },
  );
  serveRoute(app, 'getSnapshot', readsOne, async ({ params, request }) => {
    const record = await findSnapshotNamed(db, subjectOf(params));
    const [listed] = await describeSnapshots(trunk, record.target, [record]);
    if (listed === undefined) throw new Error(`snapshot ${record.hash} was not described`);
    return snapshotAnswer(listed, request.principal);
  });
  serveRoute(app, 'listSnapshotPackages', readsOne, async ({ params, query: { limit, cursor } }) => {
    const subject = subjectOf(params);
    const [after = ''] = decodeCursor(byName, cursor) ?? [];
    const { hash } = await requireThere(db, subject);
    const packages = await packagesOf(subject.target, hash);
    const rest = packages.slice(firstAfter(packages, after));
    return cutPage(rest, limit, { keys: ({ fullName }) => [fullName], view: snapshotPackageAnswer });
  });
  serveRoute(app, 'diffSnapshots', readsOne, async ({ params, query: { to }, request }) => {
    await requireMay(db, request.principal, 'repository.read', { target: params.target, ref: to });
    const first = subjectOf(params);
    const { before, after, changes, projects } = await inTurn(() =>
      compareSnapshots(trunk, first, { ...first, name: to }),
    );
    const end = (one: { hash: string; createdAt: number }) => ({ snapshot: one.hash, createdAt: iso(one.createdAt) });
    return {
      ...{ target: before.target, before: end(before), after: end(after), changes: [...changes] },
      projects: projects.map((one) => ({ ...one, added: [...one.added], removed: [...one.removed] })),
    };
  });
}

/** Where, in a list sorted by full name, what comes after `name` begins. */
function firstAfter(packages: readonly { fullName: string }[], name: string): number {
  const index = packages.findIndex(({ fullName }) => fullName > name);
  return index < 0 ? packages.length : index;
}
