import { fastifySwagger } from '@fastify/swagger';
import { fastifySwaggerUi } from '@fastify/swagger-ui';
import { fastify, type FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  API_ROOT,
  arrivedSchema,
  arrivingParams,
  arrivingPath,
  arrivingQuery,
  problemSchema,
  ROUTES,
  type Route,
} from '../api/index.ts';

export interface Documentation {
  /** OpenAPI 3.1, as it is sent. */
  openapi: string;
  /** A page of the documentation, or a file of it. */
  page(url: string): Promise<{ status: number; headers: Readonly<Record<string, unknown>>; body: Buffer }>;
  close(): Promise<void>;
}

/** The API's description, made by a server of its own that answers nothing else and listens nowhere. */
export async function document(version: string, prefix: string): Promise<Documentation> {
  const app = fastify({ exposeHeadRoutes: false }) as unknown as FastifyInstance;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.1',
      info: {
        title: 'Trunkline',
        version,
        description:
          'Lists come in pages: `next` of one is the `cursor` of the following one. Errors are problem+json with a stable `code`.',
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          password: { type: 'http', scheme: 'basic' },
        },
      },
      security: [{}, { token: [] }, { password: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(fastifySwaggerUi, { routePrefix: prefix, staticCSP: false });
  for (const [name, route] of Object.entries(ROUTES)) describe(app, name, route);
  for (const [name, stream] of Object.entries(streams())) describe(app, name, stream);
  await app.ready();
  return {
    openapi: JSON.stringify(app.swagger()),
    page: async (url) => {
      const { statusCode, headers, rawPayload } = await app.inject({ method: 'GET', url });
      return { status: statusCode, headers, body: rawPayload };
    },
    close: () => app.close(),
  };
}

type Described = Omit<Route, 'answer' | 'method'> & {
  method: Route['method'] | 'PUT';
  answer: z.ZodType;
  type?: string;
};

function describe(app: FastifyInstance, operationId: string, route: Described): void {
  const { method, path, tag, summary, params, query, body, answer, type = 'application/json' } = route;
  const schema = {
    ...{ operationId, summary, tags: [tag] },
    ...(params === undefined ? {} : { params: params.strict() }),
    ...(query === undefined ? {} : { querystring: query.strict() }),
    ...(body === undefined ? {} : { body: body.strict() }),
    response: {
      [method === 'POST' ? 201 : 200]: { description: 'The answer', content: { [type]: { schema: answer } } },
      '4xx': { description: 'What was wrong', content: { 'application/problem+json': { schema: problemSchema } } },
    },
  };
  app.route({ method, url: `${API_ROOT}${path}`, schema, handler: () => Promise.reject(new Error('only described')) });
}

/** What is no JSON and so not in the table. */
function streams(): Record<string, Described> {
  const { params } = ROUTES.getAttempt;
  const query = z.object({
    file: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,100}$/)
      .default('build.log'),
  });
  const path = ROUTES.getAttempt.path;
  const get = { method: 'GET', answer: z.string() } as const;
  const events = 'text/event-stream';
  return {
    readLog: {
      ...get,
      path: `${path}/log`,
      tag: 'builds',
      summary: 'A log, or a range of its bytes',
      params,
      query,
      type: 'text/plain',
    },
    followLog: {
      ...{ ...get, path: `${path}/log/stream`, tag: 'builds', params, query, type: events },
      summary:
        'A log as it is written: events `log` (a JSON string; its id is the byte after it) and `end`. Last-Event-ID goes on from there',
    },
    sendFile: {
      ...{ method: 'PUT', path: arrivingPath, tag: 'uploads', params: arrivingParams, query: arrivingQuery },
      ...{ answer: arrivedSchema, type: 'application/json' },
      summary: 'Bytes of a file that was announced, as application/octet-stream, to be appended to what has come of it',
    },
    followEvents: {
      ...{ ...get, path: '/events/stream', tag: 'events', type: events },
      summary: 'Events as they happen, each named by its kind. Last-Event-ID goes on after that event',
    },
  };
}
