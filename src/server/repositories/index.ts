import { join } from 'node:path';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { refusal, requireMay } from '../../access/index.ts';
import { materialiseSnapshot } from '../../app/materialised/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { mayReadSome } from '../../model/access/index.ts';
import { NAME, requireTarget, type Target } from '../../model/index.ts';
import { requireThere } from '../../promotion/index.ts';
import type { ServerContext } from '../context.ts';
import { pathOf } from '../errors.ts';
import { sendFile } from '../files.ts';
import { createAgain, type SnapshotMaker, type SnapshotPlace } from './again.ts';
import { belongingOf, isImmutable, typeOf, type Belonging } from './kinds.ts';
import { resolveBelow, type Resolved } from './resolve.ts';

const PARAMS = z.object({ target: z.string().regex(NAME), '*': z.string() });
/** Nothing that lies in a repository is a page of ours. */
const POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'";
const YEAR = 31_536_000;

/** The repositories, as dnf, apt and zypper read them. */
export function serveRepositories(app: FastifyInstance, context: ServerContext): void {
  const { settings } = context.trunk;
  const again = createAgain(makerOf(context));
  app.get('/repos/:target/*', { schema: { params: PARAMS }, config: { needs: 'listed' } }, async (request, reply) => {
    const { target: name, '*': path } = request.params as z.output<typeof PARAMS>;
    const target = requireTarget(settings, name);
    const parts = path.split('/');
    // What a path belongs to is told by its first parts: none may lead elsewhere than it says.
    if (parts.some((part, n) => part.startsWith('.') || (part === '' && n < parts.length - 1)))
      throw notThere(request, 'missing');
    const belonging = belongingOf(context.trunk.repository(target).origin, parts);
    await requireReading(context, request, target, belonging);
    const root = join(settings.dataDir, 'repos', target.name);
    const found = belonging.to === 'nobody' ? null : await resolveOrMake(again, { target, root, parts });
    if (found?.kind !== 'file') throw notThere(request, found?.kind ?? 'missing');
    const who = request.headers.authorization === undefined ? 'public' : 'private';
    void reply.header('content-security-policy', POLICY).header('cross-origin-resource-policy', 'cross-origin');
    return sendFile(request, reply, {
      path: join(root, ...found.at),
      type: typeOf(parts.at(-1) ?? ''),
      cache: isImmutable(parts) ? `${who}, max-age=${String(YEAR)}, immutable` : `${who}, no-cache`,
    });
  });
}

/** @throws TrunklineError `unauthorized`, `forbidden` */
async function requireReading(
  { trunk: { db } }: ServerContext,
  { principal }: FastifyRequest,
  { name }: Target,
  belonging: Belonging,
): Promise<void> {
  if (belonging.to === 'content') {
    if (mayReadSome(principal, name)) return;
    throw await refusal(db, principal, 'repository.read', { target: name });
  }
  const ref = belonging.to === 'ref' ? { ref: belonging.ref } : {};
  await requireMay(db, principal, 'repository.read', { target: name, ...ref });
}

function makerOf({ trunk }: ServerContext): SnapshotMaker {
  const subjectOf = ({ target, hash }: SnapshotPlace) => ({
    target: requireTarget(trunk.settings, target),
    name: hash,
  });
  const ifThere = async (work: Promise<unknown>) => {
    try {
      await work;
      return true;
    } catch (error) {
      if (error instanceof TrunklineError && error.code === 'not_found') return false;
      throw error;
    }
  };
  return {
    now: trunk.now,
    isKnown: (place) => ifThere(requireThere(trunk.db, subjectOf(place))),
    // It may have been removed while it waited.
    make: (place) => ifThere(materialiseSnapshot(trunk, subjectOf(place), { actor: 'system' })),
  };
}

/** Finds a file; one of a snapshot whose files are not there is found when they have been made again. */
async function resolveOrMake(
  again: (place: SnapshotPlace) => Promise<boolean>,
  { target, root, parts }: { target: Target; root: string; parts: readonly string[] },
): Promise<Resolved> {
  const found = await resolveBelow(root, parts);
  const [first, hash = '', ...more] = found.kind === 'missing' ? found.at : [];
  if (first !== 'snapshots' || more.length > 0 || !/^[0-9a-f]{64}$/.test(hash)) return found;
  return (await again({ target: target.name, hash })) ? resolveBelow(root, parts) : found;
}

function notThere({ url }: FastifyRequest, kind: Resolved['kind']): TrunklineError {
  const hint =
    kind === 'directory' ? 'directories are not listed: ask for a file' : 'refs, snapshots and builds are in the API';
  return new TrunklineError('not_found', `There is no file at ${pathOf(url)}`, { hint });
}
