import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { requireMay } from '../../access/index.ts';
import { API_ROOT, arrivingParams, arrivingPath, arrivingQuery, type ArrivalResource } from '../../api/index.ts';
import { describeUploaded, openArrivals, type Arrival, type Arrivals } from '../../builds/intake/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { requireTarget } from '../../model/index.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';

/** Bytes of one request; more of a file comes with the next. */
const LARGEST_PIECE = 256 * 2 ** 20;

const subjects = ({ target, project }: { target: string; project?: string | null | undefined }) => ({
  target,
  ...(typeof project === 'string' ? { project } : {}),
});

/** What brings packages in that were built elsewhere: announced, sent, published. */
export function serveUploads(app: FastifyInstance, context: ServerContext): void {
  const { trunk, stopping } = context;
  const arrivals = openArrivals(trunk);
  const begins = {
    action: 'package.upload',
    on: ({ target }: { target: string }, { body }: { body: { project?: string | undefined } }) =>
      subjects({ target, project: body.project }),
  } as const;
  serveRoute(app, 'beginUpload', begins, async ({ params, body, request: { principal } }) => {
    const { name: target } = requireTarget(trunk.settings, params.target);
    const { files, project = null, reason = null } = body;
    return answer(arrivals, await arrivals.begin({ target, files, project, reason, actor: principal.name }));
  });
  /** Whoever has no such upload learns nothing of it; whoever may upload no more neither. */
  const own = async ({ principal }: FastifyRequest, { target, upload }: { target: string; upload: string }) => {
    const arrival = arrivals.find(upload, principal.name);
    if (arrival.target !== target) throw new TrunklineError('not_found', `There is no such upload for ${target}`);
    await requireMay(trunk.db, principal, 'package.upload', subjects(arrival));
    return arrival;
  };
  serveRoute(app, 'getUpload', 'listed', async ({ params, request }) => answer(arrivals, await own(request, params)));
  serveRoute(app, 'publishUpload', 'listed', async ({ params, request }) =>
    describeUploaded(params.target, await arrivals.publish(await own(request, params), stopping)),
  );
  serveRoute(app, 'abandonUpload', 'listed', async ({ params, request }) => {
    await arrivals.abandon(await own(request, params));
    return {};
  });
  void app.register((scope, _options, done) => {
    // Bytes as they come, never in memory as a whole.
    scope.addContentTypeParser('application/octet-stream', (_request, payload, parsed) => {
      parsed(null, payload);
    });
    scope.put(
      `${API_ROOT}${arrivingPath}`,
      {
        schema: { params: arrivingParams.strict(), querystring: arrivingQuery.strict() },
        config: { needs: 'listed' },
        bodyLimit: LARGEST_PIECE,
      },
      async (request) => {
        const params = request.params as z.output<typeof arrivingParams>;
        const { offset } = request.query as z.output<typeof arrivingQuery>;
        const arrival = await own(request, params);
        return { come: await arrivals.take(arrival, params.file, { offset, body: bytesOf(request) }) };
      },
    );
    done();
  });
}

async function answer(arrivals: Arrivals, arrival: Arrival): Promise<ArrivalResource> {
  return { id: arrival.id, target: arrival.target, missing: await arrivals.missing(arrival) };
}

function bytesOf({ body, headers }: FastifyRequest): AsyncIterable<Uint8Array> {
  if (headers['content-type']?.startsWith('application/octet-stream') !== true)
    throw new TrunklineError('unsupported_media_type', 'Files are bytes', { hint: 'send application/octet-stream' });
  return body as Readable;
}
