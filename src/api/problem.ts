import { z } from 'zod';
import { ERROR_CODES, redact, TrunklineError, type ErrorCode } from '../lib/index.ts';

export const PROBLEM_TYPE = 'application/problem+json';
const TYPE_PREFIX = 'urn:trunkline:error:';

/** How the API says what went wrong (RFC 9457). `code` is stable, the words are not. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: Object.keys(ERROR_CODES).join(', ') }),
    detail: z.string(),
    hint: z.string().optional(),
    instance: z.string().optional().meta({ description: 'the request, as the server’s log names it' }),
    errors: z
      .array(z.object({ where: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'what is wrong with the parameters' }),
  })
  .meta({ id: 'Problem' });
export type Problem = z.output<typeof problemSchema>;

export function statusOf(code: ErrorCode): number {
  return ERROR_CODES[code];
}

/** `repository_conflict` as a title: `Repository conflict`. */
function titleOf(code: ErrorCode): string {
  const words = code.replaceAll('_', ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/**
 * What a client is told of an error. Of what is wrong on the server it learns, as a rule, the code and the request's name, under which the log has the
 * rest: paths and causes are not for strangers.
 */
export function problemOf(error: unknown, requestId?: string): Problem {
  const code = error instanceof TrunklineError ? error.code : 'internal';
  const status = statusOf(code);
  const known = error instanceof TrunklineError && (status < 500 || error.told) ? error : null;
  const hint = known?.publicHint ?? (status < 500 ? undefined : 'the server’s log says more under the request’s id');
  return {
    type: `${TYPE_PREFIX}${code}`,
    title: titleOf(code),
    status,
    code,
    detail: known === null ? 'The server could not do this' : redact(known.message),
    ...(hint === undefined ? {} : { hint: redact(hint) }),
    ...(requestId === undefined ? {} : { instance: `urn:trunkline:request:${requestId}` }),
  };
}

/** The error that a problem says. @returns one of code `internal` where this program does not know its code */
export function errorOf(problem: Problem): TrunklineError {
  const code = Object.hasOwn(ERROR_CODES, problem.code) ? (problem.code as ErrorCode) : 'internal';
  const wrong = problem.errors?.map(({ where, message }) => `${where}: ${message}`).join('; ');
  const message = wrong === undefined ? problem.detail : `${problem.detail}: ${wrong}`;
  return new TrunklineError(code, message, problem.hint === undefined ? {} : { hint: problem.hint });
}
