import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TrunklineError } from '../../lib/index.ts';
import type { WebhookReceiver } from '../../trunk/index.ts';
import { sendError } from '../errors.ts';
import { createPlaces } from '../places.ts';

/** Bytes. GitHub's pushes of 2,048 commits have about two million; more than is told in one push is told by polling. */
const BODY_LIMIT = 4 * 1024 * 1024;
/** Deliveries that are being received at once; what they hold in memory is bounded by it. */
const AT_ONCE = 64;
/** Of these, from one address: a forge has several. */
const AT_ONCE_EACH = 16;
/** Milliseconds in which a body has to be here: forges send at once. */
const ARRIVING = 15_000;

/**
 * `POST /webhooks/<name>`: answers 202 as soon as a delivery is stored, and 200 for one that was there already; forges take both for delivered. What
 * brings no proof, comes slowly or with too many others from its address takes no room from those that do.
 */
export function serveWebhooks(app: FastifyInstance, receiver: WebhookReceiver): void {
  void app.register(async (inner) => {
    const takePlace = createPlaces(AT_ONCE, AT_ONCE_EACH);
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: BODY_LIMIT },
      (_request, body, done) => {
        done(null, body);
      },
    );
    inner.addHook('onRequest', async (request, reply) => {
      const name = nameOf(request);
      if (!receiver.knows(name)) throw unknown(receiver, request);
      // Before it takes a place: without a proof there is nothing to wait for.
      receiver.requireProof(name, singles(request.headers));
      const free = takePlace(request.ip);
      if (free === null) {
        receiver.count(name, 'busy');
        throw new TrunklineError('rate_limited', 'Too many deliveries are being received', {
          hint: 'send it again',
          retryAfter: 5,
        });
      }
      const late = setTimeout(() => {
        if (!request.raw.complete) request.raw.destroy();
      }, ARRIVING);
      // Also when the sender goes away in mid-body.
      reply.raw.once('close', () => {
        free();
        clearTimeout(late);
      });
    });
    inner.setErrorHandler((error, request, reply) => {
      const status = (error as { statusCode?: number }).statusCode;
      if (status === 413) receiver.count(nameOf(request), 'oversized');
      if (status === 415) receiver.count(nameOf(request), 'unsupported');
      return sendError(error, request, reply);
    });
    inner.post<{ Params: { name: string } }>(
      '/webhooks/:name',
      { config: { needs: 'open' }, bodyLimit: BODY_LIMIT },
      async (request, reply) => {
        const { headers, body } = request;
        // One without a body has no type either.
        const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
        const stored = await receiver.receive(request.params.name, { headers: singles(headers), body: bytes });
        return reply
          .code(stored === 'stored' ? 202 : 200)
          .header('cache-control', 'no-store')
          .send({ status: stored });
      },
    );
    return Promise.resolve();
  });
}

const nameOf = (request: FastifyRequest) => (request.params as { name?: string }).name ?? '';

function unknown(receiver: WebhookReceiver, request: FastifyRequest): TrunklineError {
  receiver.count(nameOf(request), 'unknown');
  return new TrunklineError('not_found', 'No forge of that name is configured', {
    hint: 'forges in the configuration names them',
  });
}

/** Node joins most headers that come several times with commas: two signatures are no signature. */
function singles(headers: FastifyRequest['headers']): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : undefined]),
  );
}
