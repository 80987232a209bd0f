import { EventSourceParserStream } from 'eventsource-parser/stream';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { TrunklineError } from '../../lib/index.ts';
import type { Ask } from './index.ts';

export interface FollowedLog {
  build: number;
  attempt: number;
  /** Default build.log. */
  file?: string;
  /** The byte to begin with. Default 0. */
  from?: number;
}

/** A piece of a log, or how it ended. */
export type LogPart =
  | { kind: 'text'; text: string; /** The byte after it. */ offset: number }
  | { kind: 'end'; state: string; result: string | null };

const endSchema = z.object({ state: z.string(), result: z.string().nullable() });
/** Milliseconds between a connection that was lost and the next. */
const RECONNECT = 1000;
const MOST_TRIES = 10;

/** Follows a log; where the connection is lost it goes on from the last byte. @throws TrunklineError as `Client.get`, after ten tries in vain */
export async function* followLog(ask: Ask, log: FollowedLog, signal: AbortSignal): AsyncGenerator<LogPart> {
  let offset = log.from ?? 0;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    try {
      for await (const part of connection(ask, log, offset, signal)) {
        if (part.kind === 'text') offset = part.offset;
        tries = 0;
        yield part;
        if (part.kind === 'end') return;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TrunklineError && (error.code !== 'server_unreachable' || tries === MOST_TRIES - 1))
        throw error;
    }
    await pause(RECONNECT, undefined, { signal });
  }
  throw new TrunklineError('server_unreachable', 'The connection was lost again and again while a log was followed');
}

async function* connection(ask: Ask, log: FollowedLog, offset: number, signal: AbortSignal): AsyncGenerator<LogPart> {
  const { build, attempt, file } = log;
  const query = file === undefined ? '' : `?file=${encodeURIComponent(file)}`;
  const response = await ask(`/builds/${String(build)}/attempts/${String(attempt)}/log/stream${query}`, {
    accept: 'text/event-stream',
    ...(offset === 0 ? {} : { headers: { 'last-event-id': String(offset) } }),
    signal,
    endless: true,
  });
  const events = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { event, data, id } of events ?? []) {
    if (event === 'end') yield { kind: 'end', ...endSchema.parse(JSON.parse(data)) };
    else if (event === 'log') yield { kind: 'text', text: z.string().parse(JSON.parse(data)), offset: Number(id) };
  }
}
