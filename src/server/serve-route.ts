import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  API_ROOT,
  ROUTES,
  type Answer,
  type Body,
  type Params,
  type Query,
  type Route,
  type RouteName,
  type Routes,
} from '../api/index.ts';
import type { Action, Subjects } from '../model/access/index.ts';
import type { Needs } from './gate.ts';

export interface Asked<N extends RouteName> {
  params: Params<Routes[N]>;
  query: Query<Routes[N]>;
  body: Body<Routes[N]>;
  request: FastifyRequest;
}

/**
 * What a route of the table needs: an action on what is asked about, or `listed`. The action may depend on the body: to do something with force takes
 * more than to do it.
 */
export type RouteNeeds<N extends RouteName> =
  | {
      action: Action | ((body: Body<Routes[N]>) => Action);
      on: (params: Params<Routes[N]>, asked: Omit<Asked<N>, 'params'>) => Subjects | Promise<Subjects>;
    }
  | 'listed';

/** Serves a route of the table. Parameters that the table does not have are refused: a misspelt filter would be no filter. */
export function serveRoute<N extends RouteName>(
  app: FastifyInstance,
  name: N,
  needs: RouteNeeds<N>,
  answer: (asked: Asked<N>) => Promise<Answer<Routes[N]>>,
): void {
  const route: Route = ROUTES[name];
  const needed = neededFor(needs);
  app.route({
    method: route.method,
    url: `${API_ROOT}${route.path}`,
    schema: {
      params: (route.params ?? z.object({})).strict(),
      querystring: (route.query ?? z.object({})).strict(),
      ...(route.body === undefined ? {} : { body: route.body.strict() }),
    },
    config: { needs: needed },
    handler: async (request, reply) => {
      const { params, query, body } = request as Pick<Asked<N>, 'params' | 'query' | 'body'>;
      const answered: unknown = await answer({ params, query, body, request });
      // An answer to a change may hold a secret that is shown once.
      if (route.method === 'POST') void reply.code(201).header('cache-control', 'no-store');
      const next = nextOf(answered);
      if (next !== null) void reply.header('link', `<${nextAddress(request.url, next)}>; rel="next"`);
      return answered;
    },
  });
}

function neededFor<N extends RouteName>(needs: RouteNeeds<N>): Needs {
  if (needs === 'listed') return needs;
  const { action, on } = needs;
  return {
    action: typeof action === 'string' ? action : (request) => action(request.body as Body<Routes[N]>),
    on: (request) => {
      const { params, query, body } = request as Pick<Asked<N>, 'params' | 'query' | 'body'>;
      return on(params, { query, body, request });
    },
  };
}

function nextOf(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null || !('next' in answer)) return null;
  return typeof answer.next === 'string' ? answer.next : null;
}

/** The address that was asked with another cursor: without the host, which the client said and a stranger may have. */
function nextAddress(url: string, cursor: string): string {
  const address = new URL(url, 'http://localhost');
  address.searchParams.set('cursor', cursor);
  return `${address.pathname}${address.search}`;
}
