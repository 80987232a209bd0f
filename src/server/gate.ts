import type { FastifyInstance, FastifyRequest } from 'fastify';
import { requireMay } from '../access/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { anonymous, may, ruleOf, type Action, type Principal, type Subjects } from '../model/access/index.ts';
import type { ServerContext } from './context.ts';

/**
 * What a route needs. `on`: what the action is done on. `listed`: the handler cuts its answer to what whoever asks may read. `open`: nothing, for what
 * tells nothing of the deployment.
 */
export type Needs =
  | {
      action: Action | ((request: FastifyRequest) => Action);
      on: (request: FastifyRequest) => Subjects | Promise<Subjects>;
    }
  | { /** Asked before the body is read; it depends on nothing that the request says. */ beforeBody: Action }
  | 'listed'
  | 'open';

const READING = ['GET', 'HEAD', 'OPTIONS'];

declare module 'fastify' {
  interface FastifyContextConfig {
    needs?: Needs;
  }
  interface FastifyRequest {
    principal: Principal;
  }
}

/** Asks again who it is, for an answer that goes on: a token may have been revoked. @throws TrunklineError `unauthorized` and what else refuses */
export async function askAgain({ authenticate, trunk }: ServerContext, request: FastifyRequest): Promise<void> {
  const { headers, ip } = request;
  request.principal = await authenticate({ authorization: headers.authorization, address: ip }, trunk.now());
}

/** Has every request pass before its handler. A route that does not say what it needs is a mistake, and refused at start-up. */
export function guard(app: FastifyInstance, { authenticate, trunk }: ServerContext): void {
  app.decorateRequest('principal', null as never);
  app.addHook('onRoute', (route) => {
    if (route.config?.needs === undefined)
      throw new Error(`${String(route.method)} ${route.url} does not say what it needs`);
  });
  // Nothing of a body is read for whom nobody knows.
  app.addHook('onRequest', async (request) => {
    refuseOtherSites(request);
    request.principal = anonymous();
    const needs = request.routeOptions.config.needs;
    // The handler of unknown addresses has none.
    if (needs === undefined || needs === 'open') return;
    const { headers, ip } = request;
    request.principal = await authenticate({ authorization: headers.authorization, address: ip }, trunk.now());
    const action = beforeBody(request, needs);
    if (action !== undefined) await requireMay(trunk.db, request.principal, action, {});
  });
  app.addHook('preHandler', async (request) => {
    const needs = request.routeOptions.config.needs;
    if (typeof needs !== 'object' || 'beforeBody' in needs) return;
    const action = typeof needs.action === 'string' ? needs.action : needs.action(request);
    await requireMay(trunk.db, request.principal, action, await needs.on(request));
  });
}

/** What has to be allowed before a body is read; undefined: that is asked when there is one. Whoever has not logged in changes nothing anywhere. */
function beforeBody({ method, principal }: FastifyRequest, needs: Needs): Action | undefined {
  if (typeof needs !== 'object') return undefined;
  if ('beforeBody' in needs) return needs.beforeBody;
  const { action } = needs;
  if (READING.includes(method) || principal.kind !== 'anonymous' || typeof action !== 'string') return undefined;
  return ruleOf(action).reads ? undefined : action;
}

/** A browser sends what it remembers of a person's credentials along with requests that other sites have it make. */
function refuseOtherSites({ method, headers }: FastifyRequest): void {
  if (READING.includes(method)) return;
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new TrunklineError('forbidden', 'Another site asked for this', {
    hint: 'nothing to do: this server refuses it',
  });
}

/** The targets of `all` that whoever asks may do something on; null: every one there is. */
export function visibleTargets(
  { principal }: FastifyRequest,
  action: Action,
  all: readonly { name: string }[],
): string[] | null {
  return may(principal, action, {})
    ? null
    : all.map(({ name }) => name).filter((target) => may(principal, action, { target }));
}
