import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeError, TrunklineError } from '../lib/index.ts';
import { createPlaces } from './places.ts';

/** Streams at once: each holds a connection and asks again and again. */
const MOST = 500;
/** Of these, from one address. */
const MOST_EACH = 50;
/** Milliseconds between two looks at whether whoever listens still may. */
const STILL = 60_000;
/** Milliseconds between two signs of life: proxies end what is silent. */
const ALIVE = 15_000;

export interface ServerEvent {
  id: number | string;
  event: string;
  /** Sent as JSON, on one line. */
  data: unknown;
}

/** One answer of server-sent events (WHATWG HTML, 9.2). */
export interface EventStream {
  /** Aborted when the client has gone, may no longer listen, or the server stops. */
  signal: AbortSignal;
  /** Resolves when there is room for more. */
  send(event: ServerEvent): Promise<void>;
  /** Does what sends everything, and ends the answer whatever becomes of that: what fails is logged, and the client comes back by itself. */
  sendAll(work: () => Promise<void>): Promise<void>;
}

export interface Streams {
  /**
   * `still` fails when whoever listens may no longer: that ends the stream.
   * @throws TrunklineError `rate_limited` when there are too many, of all or from one address
   */
  open(request: FastifyRequest, reply: FastifyReply, still: () => Promise<unknown>): EventStream;
}

/** The streams of a server; all end when `stopping` is aborted. */
export function openStreams(stopping: AbortSignal, every = STILL): Streams {
  const takePlace = createPlaces(MOST, MOST_EACH);
  return {
    open(request, reply, still) {
      const free = takePlace(request.ip);
      if (free === null)
        throw new TrunklineError('rate_limited', 'Too many streams are open', {
          hint: 'try again later, or ask for the list from time to time',
          retryAfter: 30,
        });
      const gone = new AbortController();
      const { raw } = reply;
      const headers = reply.getHeaders() as Record<string, string>;
      reply.hijack();
      raw.writeHead(200, {
        ...headers,
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      raw.write('retry: 2000\n\n');
      const alive = setInterval(() => raw.write(': alive\n\n'), ALIVE);
      const asking = setInterval(() => {
        still().catch((error: unknown) => {
          request.log.info(`a stream is ended: ${describeError(error)}`);
          gone.abort();
        });
      }, every);
      raw.once('close', () => {
        free();
        clearInterval(alive);
        clearInterval(asking);
        gone.abort();
      });
      raw.on('error', (error) => {
        request.log.debug(error.message);
      });
      const signal = AbortSignal.any([gone.signal, stopping]);
      return {
        signal,
        async send({ id, event, data }) {
          if (signal.aborted) return;
          const room = raw.write(`id: ${String(id)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
          if (!room) await once(raw, 'drain', { signal }).catch(() => undefined);
        },
        async sendAll(work) {
          try {
            await work();
          } catch (error) {
            request.log.error(describeError(error));
          } finally {
            raw.end();
          }
        },
      };
    },
  };
}
