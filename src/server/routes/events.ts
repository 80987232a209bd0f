import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { API_ROOT, cursorNumber, decodeCursor, encodeCursor } from '../../api/index.ts';
import { lastEventId, listEvents, type Db, type OutboxEntry } from '../../db/index.ts';
import { pauseFor, TrunklineError } from '../../lib/index.ts';
import { eventAnswer, mayHear } from '../answers/events.ts';
import type { ServerContext } from '../context.ts';
import { askAgain } from '../gate.ts';
import { serveRoute } from '../serve-route.ts';
import type { Streams } from '../streams.ts';

const byId = z.tuple([cursorNumber()]);
/** Milliseconds between two looks for events. */
const PAUSE = 500;
/** Events read at once. */
const BATCH = 200;
/**
 * Milliseconds for which a number that is missing among the events is waited for: PostgreSQL numbers an event when it is written and shows it when it
 * is committed, so that a later number may be there first. One that was rolled back never comes.
 */
const LATE = 10_000;

export function serveEvents(app: FastifyInstance, context: ServerContext, streams: Streams): void {
  const { db, now } = context.trunk;
  serveRoute(app, 'listEvents', 'listed', async ({ query: { limit, cursor, kind }, request: { principal } }) => {
    const [after = 0] = decodeCursor(byId, cursor) ?? [];
    const events = settled(await listEvents(db, { after, limit: Math.max(limit, BATCH) }), after, now());
    const matching = events.filter((one) => (kind === undefined || one.kind === kind) && mayHear(principal, one));
    const shown = matching.slice(0, limit);
    const last = matching.length > limit ? shown.at(-1) : events.at(-1);
    return { items: shown.map(eventAnswer), next: encodeCursor([last?.id ?? after]) };
  });
  app.get(
    `${API_ROOT}/events/stream`,
    { config: { needs: 'listed' }, exposeHeadRoute: false },
    async (request, reply) => {
      const after = startOf(request.headers['last-event-id']) ?? (await lastEventId(db));
      const stream = streams.open(request, reply, () => askAgain(context, request));
      await stream.sendAll(async () => {
        for await (const one of follow(context, after, stream.signal))
          if (mayHear(request.principal, one))
            await stream.send({ id: one.id, event: one.kind, data: eventAnswer(one) });
      });
    },
  );
}

/** Events after one, as they come, until `signal` is aborted. */
async function* follow(
  { trunk: { db, now } }: ServerContext,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<OutboxEntry> {
  let last = after;
  while (!signal.aborted) {
    const events = await next(db, last, now());
    for (const one of events) {
      last = one.id;
      yield one;
    }
    if (events.length === 0) await pauseFor(PAUSE, signal);
  }
}

async function next(db: Db, after: number, now: number): Promise<OutboxEntry[]> {
  return settled(await listEvents(db, { after, limit: BATCH }), after, now);
}

/** Those of some events that no earlier one can come before any more. */
function settled(events: readonly OutboxEntry[], after: number, now: number): OutboxEntry[] {
  let expected = after + 1;
  const found: OutboxEntry[] = [];
  for (const one of events) {
    if (one.id !== expected && after > 0 && now - one.createdAt < LATE) break;
    expected = one.id + 1;
    found.push(one);
  }
  return found;
}

function startOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const id = Number(header);
  if (/^\d{1,15}$/.test(String(header))) return id;
  throw new TrunklineError('invalid_argument', 'Last-Event-ID is no number of an event', {
    hint: 'send what the last event said, or nothing to begin now',
  });
}
