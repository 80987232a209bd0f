import { z } from 'zod';
import { describeError, TrunklineError } from '../../lib/index.ts';
import { errorOf, problemSchema } from '../problem.ts';
import {
  API_ROOT,
  ROUTES,
  type Answer,
  type Params,
  type Query,
  type Route,
  type RouteName,
  type Routes,
} from '../routes.ts';
import { followLog, type FollowedLog, type LogPart } from './follow-log.ts';
import { sendFile, type Sending } from './send-files.ts';

export type { FollowedLog, LogPart } from './follow-log.ts';

export interface ClientOptions {
  /** The server's, as `http://127.0.0.1:8080`. */
  url: string;
  token?: string | null;
  /** With it the token is sent as HTTP Basic, under this name. */
  user?: string;
  /** Milliseconds for an answer. Default 30 s. */
  timeout?: number;
  fetch?: typeof fetch;
}

type Optional<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: T[K];
};
/** Parameters of the address, all of them, and of the query, as many as wanted. */
export type Input<R> = Params<R> & Partial<Optional<Query<R>>>;

type ListName = {
  [N in RouteName]: Answer<Routes[N]> extends { items: unknown[]; next: string | null } ? N : never;
}[RouteName];
/** The schema of a route's body. */
type Sent<N extends RouteName> = Routes[N] extends { body: infer S extends z.ZodObject } ? S : never;
type Item<N extends ListName> = Answer<Routes[N]> extends { items: (infer T)[] } ? T : never;

export interface Client {
  /** Asks for one answer. @throws TrunklineError with the server's code, or `server_unreachable` */
  get<N extends RouteName>(name: N, input: Input<Routes[N]>, signal?: AbortSignal): Promise<Answer<Routes[N]>>;
  /** Has something done. @throws TrunklineError with the server's code, or `server_unreachable` */
  post<N extends RouteName>(
    name: N,
    input: Input<Routes[N]>,
    body: z.input<Sent<N>>,
    signal?: AbortSignal,
  ): Promise<Answer<Routes[N]>>;
  /** A list from its beginning to its end, page by page. */
  all<N extends ListName>(name: N, input: Input<Routes[N]>, signal?: AbortSignal): AsyncGenerator<Item<N>>;
  /** A log, from a byte on, until its attempt has ended. */
  followLog(log: FollowedLog, signal: AbortSignal): AsyncGenerator<LogPart>;
  /** Sends what is missing of a file of an upload. */
  sendFile(sending: Sending, signal: AbortSignal): Promise<void>;
}

/** A client of a Trunkline server. */
export function createClient(options: ClientOptions): Client {
  const ask = asker(options);
  const get: Client['get'] = (name, input, signal) => answerOf(name, input, { signal });
  const answerOf = async <N extends RouteName>(
    name: N,
    input: Input<Routes[N]>,
    how: { signal: AbortSignal | undefined; body?: string },
  ): Promise<Answer<Routes[N]>> => {
    const route: Route = ROUTES[name];
    const response = await ask(addressOf(route, input), { ...how, accept: 'application/json' });
    const parsed = route.answer.safeParse(await response.json().catch(() => undefined));
    if (parsed.success) return parsed.data as never;
    throw new TrunklineError('server_unreachable', `${options.url} answered what is no answer of a Trunkline server`, {
      hint: 'check the address, and that the server is of the same version',
      cause: parsed.error,
    });
  };
  return {
    get,
    post: (name, input, body, signal) => answerOf(name, input, { signal, body: JSON.stringify(body) }),
    async *all(name, input, signal) {
      let cursor: string | undefined;
      do {
        const page = (await get(name, { ...input, ...(cursor === undefined ? {} : { cursor }) } as never, signal)) as {
          items: never[];
          next: string | null;
        };
        yield* page.items;
        cursor = page.items.length === 0 ? undefined : (page.next ?? undefined);
      } while (cursor !== undefined);
    },
    followLog: (log, signal) => followLog(ask, log, signal),
    sendFile: (sending, signal) => sendFile(ask, sending, signal),
  };
}

/** Asks for an address below the API's root. @throws TrunklineError for every answer that is an error */
export type Ask = (
  address: string,
  how: {
    accept: string;
    headers?: Readonly<Record<string, string>>;
    signal?: AbortSignal | undefined;
    endless?: boolean;
    /** Of a POST, in JSON; bytes of a PUT. */
    body?: string | Uint8Array<ArrayBuffer>;
    method?: 'POST' | 'PUT';
  },
) => Promise<Response>;

function asker({ url, token = null, user, timeout = 30_000, fetch: send = fetch }: ClientOptions): Ask {
  const base = url.replace(/\/+$/, '');
  return async (address, { accept, headers, signal, endless = false, body, method = 'POST' }) => {
    const signals = [...(signal === undefined ? [] : [signal]), ...(endless ? [] : [AbortSignal.timeout(timeout)])];
    const response = await send(`${base}${API_ROOT}${address}`, {
      ...(body === undefined ? {} : { method, body }),
      headers: {
        accept,
        ...(body === undefined ? {} : { 'content-type': typeof body === 'string' ? 'application/json' : BYTES }),
        ...(token === null ? {} : { authorization: authorizationOf(token, user) }),
        ...headers,
      },
      redirect: 'error',
      signal: AbortSignal.any(signals),
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new TrunklineError('server_unreachable', `${base} does not answer: ${causeOf(error)}`, {
        hint: 'check the address, and that trunkline serve runs there',
        cause: error,
      });
    });
    if (response.ok) return response;
    throw await refusal(base, response);
  };
}

const BYTES = 'application/octet-stream';

function authorizationOf(token: string, user: string | undefined): string {
  return user === undefined ? `Bearer ${token}` : `Basic ${Buffer.from(`${user}:${token}`, 'utf8').toString('base64')}`;
}

/** What fetch hides behind "fetch failed". */
function causeOf(error: unknown): string {
  return describeError(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

async function refusal(base: string, response: Response): Promise<TrunklineError> {
  const problem = problemSchema.safeParse(await response.json().catch(() => undefined));
  if (problem.success) return errorOf(problem.data);
  return new TrunklineError('server_unreachable', `${base} answered ${String(response.status)}`, {
    hint: 'this may be a proxy, or no Trunkline server: check the address',
  });
}

/** The address of a route with its parameters filled in. @throws TrunklineError `invalid_argument` for what the route does not take */
function addressOf(route: Route, input: Readonly<Record<string, unknown>>): string {
  const params = checked(route.params, input);
  const path = route.path.replace(/:([a-z]+)/g, (_all, key: string) => encodeURIComponent(String(params[key])));
  const query = new URLSearchParams();
  for (const key of Object.keys(route.query?.shape ?? {}))
    if (typeof input[key] === 'string' || typeof input[key] === 'number') query.set(key, String(input[key]));
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

function checked(schema: z.ZodObject | undefined, input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new TrunklineError('invalid_argument', z.prettifyError(parsed.error).replaceAll('\n', ' '));
}
