import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeError, TrunklineError } from '../lib/index.ts';

/** Streams at once: each holds a connection and asks again and again. */
const MOST = 500;
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
  /** Aborted when the client has gone or the server stops. */
  signal: AbortSignal;
  /** Resolves when there is room for more. */
  send(event: ServerEvent): Promise<void>;
  /** Does what sends everything, and ends the answer whatever becomes of that: what fails is logged, and the client comes back by itself. */
  sendAll(work: () => Promise<void>): Promise<void>;
}

export interface Streams {
  /** @throws TrunklineError `rate_limited` when there are too many */
  open(request: FastifyRequest, reply: FastifyReply): EventStream;
}

/** The streams of a server; all end when `stopping` is aborted. */
export function openStreams(stopping: AbortSignal): Streams {
  let open = 0;
  return {
    open(request, reply) {
      if (open >= MOST)
        throw new TrunklineError('rate_limited', 'Too many streams are open', {
          hint: 'try again later, or ask for the list from time to time',
          retryAfter: 30,
        });
      open += 1;
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
      raw.once('close', () => {
        open -= 1;
        clearInterval(alive);
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

/** Waits, or not to the end when `signal` is aborted. */
export async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
}
