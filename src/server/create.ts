import { fastify, type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { ServerContext } from './context.ts';
import { answerBadAddress, answerUnknown, rawRefusal, sendError } from './errors.ts';
import { guard } from './gate.ts';
import { entityTags, requestId, secureHeaders } from './headers.ts';
import { serveRepositories } from './repositories/index.ts';
import { servePages } from './pages/index.ts';
import { serveHealth } from './routes/health.ts';
import { serveApi, serveWebhooks } from './routes/index.ts';

/** Bytes of a request's body; a route that takes more says so. */
const BODY_LIMIT = 1024 * 1024;

/** zod's. Said here, Fastify does not load its own, which are a seventh of all modules of a server. */
const COMPILERS: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: {
    // Its type is that of the factory it stands in for, which is given schemas of ajv's.
    buildValidator: (() => validatorCompiler) as never,
    buildSerializer: () => () => JSON.stringify,
  },
};

/** The HTTP server, not yet listening. */
export async function createServer(context: ServerContext): Promise<FastifyInstance> {
  const { trustedProxies } = context.trunk.settings.server;
  const app = fastify({
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    loggerInstance: context.trunk.log,
    genReqId: requestId,
    requestIdHeader: false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: 60_000,
    forceCloseConnections: 'idle',
    frameworkErrors: answerBadAddress,
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(rawRefusal());
      else socket.destroy();
    },
    routerOptions: { maxParamLength: 500 },
    schemaController: COMPILERS,
  }) as unknown as FastifyInstance;
  // What changes something is said in JSON: a form of another site can send text.
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(sendError);
  secureHeaders(app);
  guard(app, context);
  answerUnknown(app);
  entityTags(app);
  serveHealth(app, context);
  servePages(app, context);
  serveApi(app, context);
  serveRepositories(app, context);
  serveWebhooks(app, context.webhooks);
  await app.ready();
  return app;
}
