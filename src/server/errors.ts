import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_TYPE, problemOf, statusOf, type Problem } from '../api/index.ts';
import { describeError, TrunklineError, type ErrorCode } from '../lib/index.ts';

/** Sends an error as problem+json. What went wrong here is logged, and told only by the request's id. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const told = fromFastify(error, request);
  const problem = problemOf(told, request.id);
  if (problem.status >= 500)
    request.log.error({ stack: error instanceof Error ? error.stack : undefined }, describeError(error));
  if (problem.code === 'unauthorized')
    void reply.header('www-authenticate', ['Basic realm="trunkline", charset="UTF-8"', 'Bearer realm="trunkline"']);
  if (told instanceof TrunklineError && told.retryAfter !== undefined)
    void reply.header('retry-after', String(Math.ceil(told.retryAfter)));
  return sendProblem(reply, { ...problem, ...validationOf(error) });
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problem));
}

/** What Fastify refuses by itself, by its status. */
const REFUSALS: Readonly<Record<number, { code: ErrorCode; what: string; hint: string }>> = {
  400: {
    code: 'invalid_argument',
    what: 'The request cannot be understood',
    hint: '/api/docs shows what is asked how',
  },
  404: { code: 'not_found', what: 'There is nothing here', hint: '/api/docs lists what can be asked' },
  408: { code: 'invalid_argument', what: 'The request took too long to arrive', hint: 'send it again' },
  413: { code: 'payload_too_large', what: 'The request is too large', hint: 'send less at once' },
  414: { code: 'invalid_argument', what: 'The address is too long', hint: '/api/docs shows what is asked how' },
  415: {
    code: 'unsupported_media_type',
    what: 'A body of this type is not understood',
    hint: 'send application/json',
  },
  416: { code: 'range_not_satisfiable', what: 'The file has no such bytes', hint: 'ask for bytes that it has' },
  431: { code: 'invalid_argument', what: 'The headers are too large', hint: 'send fewer' },
};

function fromFastify(error: unknown, { method, url }: Pick<FastifyRequest, 'method' | 'url'>): unknown {
  if (error instanceof TrunklineError || !(error instanceof Error)) return error;
  const { validation, statusCode } = error as Partial<FastifyError>;
  if (validation !== undefined)
    return new TrunklineError('invalid_argument', `${method} ${pathOf(url)} was asked with wrong parameters`, {
      hint: '/api/docs shows what it takes',
    });
  const refusal = REFUSALS[statusCode ?? 500];
  return refusal === undefined ? error : new TrunklineError(refusal.code, refusal.what, { hint: refusal.hint });
}

export const pathOf = (url: string) => url.replace(/[?#].*$/s, '').slice(0, 300);

/** What is wrong with which parameter, as zod said it. */
function validationOf(error: unknown): Pick<Problem, 'errors'> {
  if (!(error instanceof Error) || error instanceof TrunklineError) return {};
  const { validation, validationContext } = error as Partial<FastifyError>;
  if (validation === undefined) return {};
  const place = validationContext === 'querystring' ? 'query' : (validationContext ?? 'request');
  return {
    errors: validation.slice(0, 20).map(({ instancePath, message }) => ({
      where: `${place}${instancePath.replaceAll('/', '.')}`.slice(0, 200),
      message: (message ?? 'is wrong').slice(0, 500),
    })),
  };
}

/** Answers what no route takes: 405 where the address exists for other methods, else 404. */
export function answerUnknown(app: FastifyInstance): void {
  const known: { pattern: RegExp; method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(
      `^${url
        .replace(/[.+?^$()[\]{}|\\]/g, '\\$&')
        .replace(/:[A-Za-z]+/g, '[^/]+')
        .replace('*', '.*')}$`,
    );
    for (const one of [method].flat()) known.push({ pattern, method: one });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const allowed = [...new Set(known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
    if (allowed.length === 0 || allowed.includes(request.method))
      return sendError(
        new TrunklineError('not_found', `There is nothing at ${path}`, { hint: '/api/docs lists what can be asked' }),
        request,
        reply,
      );
    void reply.header('allow', allowed.join(', '));
    const hint = `it takes ${allowed.join(', ')}`;
    return sendError(
      new TrunklineError('method_not_allowed', `${path} does not take ${request.method}`, { hint }),
      request,
      reply,
    );
  });
}

/** What Fastify finds wrong before there is a request to speak of: an address that cannot be decoded. */
export function answerBadAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  void sendError(error, request, reply);
}

/** For what is no HTTP at all, as a whole answer. */
export function rawRefusal(): string {
  const problem = problemOf(new TrunklineError('invalid_argument', 'This is no HTTP request that can be understood'));
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${String(statusOf('invalid_argument'))} Bad Request`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${String(Buffer.byteLength(body))}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
