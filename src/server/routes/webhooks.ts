import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TrunklineError } from '../../lib/index.ts';
import type { WebhookReceiver } from '../../trunk/index.ts';
import { sendError } from '../errors.ts';

/** Bytes. GitHub's pushes of 2,048 commits have about two million; more than is told in one push is told by polling. */
const BODY_LIMIT = 4 * 1024 * 1024;
/** Deliveries that are being received at once; what they hold in memory is bounded by it. */
const AT_ONCE = 64;

/**
 * `POST /webhooks/<name>`: answers 202 as soon as a delivery is stored, and 200 for one that was there already; forges take both for delivered. What
 */
export function serveWebhooks(app: FastifyInstance, receiver: WebhookReceiver): void {
  void app.register(async (inner) => {
    let receiving = 0;
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: BODY_LIMIT },
      (_request, body, done) => {
        done(null, body);
      },
    );
    inner.addHook('onRequest', async (request, reply) => {
      if (receiving >= AT_ONCE) {
        receiver.count(nameOf(request), 'busy');
        throw new TrunklineError('rate_limited', 'Too many deliveries are being received', {
          hint: 'send it again',
          retryAfter: 5,
        });
      }
      receiving += 1;
      // Also when the sender goes away in mid-body.
      reply.raw.once('close', () => {
        receiving -= 1;
      });
      if (!receiver.knows(nameOf(request))) throw unknown(receiver, request);
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
