import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import { API_ROOT, errorOf, problemSchema } from '../api/index.ts';
import { describeError, TrunklineError } from '../lib/index.ts';

export interface ServerAddress {
  /** As `https://trunkline.example`. */
  url: string;
  token: string;
}

/** One question. */
export interface Question {
  method: 'GET' | 'POST' | 'PUT';
  /** Below the API's root for workers. */
  path: string;
  query?: Readonly<Record<string, string | number>>;
  /** An object is sent as JSON. */
  body?: object | Uint8Array<ArrayBuffer>;
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds for an answer to begin. */
  timeout?: number;
}

/** The way to the server: errors are its own, and what is only trouble on the way is tried again. */
export interface Connection {
  readonly url: string;
  /** Headers git has to send. */
  readonly gitHeaders: readonly string[];
  /** Asks once. @throws TrunklineError with the server's code, or `server_unreachable` */
  once(question: Question, signal: AbortSignal): Promise<Response>;
  /**
   * Asks until there is an answer that could be read and is no trouble of the server's or of the network. @throws as `once`, for what asking again does
   * not mend
   */
  ask<T>(question: Question, signal: AbortSignal, read: (response: Response) => Promise<T>): Promise<T>;
  json<T extends z.ZodType>(question: Question, answer: T, signal: AbortSignal): Promise<z.output<T>>;
}

const TIMEOUT = 60_000;
const [FIRST_PAUSE, LONGEST_PAUSE] = [200, 5000];

export function connect({ url, token }: ServerAddress): Connection {
  const base = `${url.replace(/\/+$/, '')}${API_ROOT}/worker`;
  const authorization = `Bearer ${token}`;
  const connection: Connection = {
    url: base,
    gitHeaders: [`Authorization: ${authorization}`],
    once: async (question, signal) => {
      const { method, path, query = {}, body, headers, timeout = TIMEOUT } = question;
      const address = new URL(`${base}${path}`);
      for (const [key, value] of Object.entries(query)) address.searchParams.set(key, String(value));
      const bytes = body instanceof Uint8Array;
      const response = await fetch(address, {
        method,
        headers: {
          authorization,
          ...(body === undefined ? {} : { 'content-type': bytes ? 'application/octet-stream' : 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: bytes ? body : JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
      }).catch((error: unknown) => {
        signal.throwIfAborted();
        throw new TrunklineError('server_unreachable', `${url} does not answer: ${causeOf(error)}`, {
          hint: 'check the address, and that trunkline serve runs there',
          cause: error,
        });
      });
      if (response.ok) return response;
      throw await refusal(url, response);
    },
    ask: async (question, signal, read) => {
      for (let wait = FIRST_PAUSE; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
        signal.throwIfAborted();
        try {
          return await read(await connection.once(question, signal));
        } catch (error) {
          if (signal.aborted || !passes(error)) throw error;
        }
        // Many workers that lost the same server do not all come back in the same moment.
        await pause(wait * (0.5 + Math.random()), undefined, { signal });
      }
    },
    json: (question, answer, signal) =>
      connection.ask(question, signal, async (response) => {
        const text = await response.text().catch((error: unknown) => {
          throw new TrunklineError('server_unreachable', `${url} broke off: ${causeOf(error)}`, { cause: error });
        });
        const parsed = answer.safeParse(parseJson(text));
        if (parsed.success) return parsed.data;
        throw new TrunklineError('unsupported', `${url} answered what is no answer of a Trunkline server`, {
          hint: 'check the address, and that server and worker are of the same version',
          cause: parsed.error,
        });
      }),
  };
  return connection;
}

/** Trouble of the network or the server: the same question may be answered in a moment. */
export function passes(error: unknown): boolean {
  return (
    error instanceof TrunklineError &&
    [
      'server_unreachable',
      'internal',
      'no_space',
      'data_dir_unwritable',
      'database_unreachable',
      'rate_limited',
    ].includes(error.code)
  );
}

async function refusal(url: string, response: Response): Promise<TrunklineError> {
  const problem = problemSchema.safeParse(await response.json().catch(() => undefined));
  if (problem.success) return errorOf(problem.data);
  return new TrunklineError('server_unreachable', `${url} answered ${String(response.status)}`, {
    hint: 'this may be a proxy, or no Trunkline server: check the address',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What fetch hides behind "fetch failed". */
function causeOf(error: unknown): string {
  return describeError(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
