import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { API_ROOT } from '../../api/index.ts';
import { isLogName, logPath, openLog, readLogBytes, wholeCharacters } from '../../builds/logs/index.ts';
import { findAttemptNumbered, type QueuedAttempt } from '../../db/index.ts';
import { pauseFor, TrunklineError } from '../../lib/index.ts';
import type { ServerContext } from '../context.ts';
import { askAgain } from '../gate.ts';
import { sendLog } from '../send-log.ts';
import type { Streams } from '../streams.ts';
import { visibleAttempt } from './builds.ts';

const PARAMS = z.strictObject({
  build: z.coerce.number().int().min(1),
  attempt: z.coerce.number().int().min(1).max(1_000_000),
});
const QUERY = z.strictObject({ file: z.string().refine(isLogName).default('build.log') });
const SCHEMA = { params: PARAMS, querystring: QUERY };

/** Bytes of a log sent at once. */
const CHUNK = 64 * 1024;
/** Milliseconds between two looks at a log that is being written, and between two at whether its attempt is over. */
const PAUSE = 200;
const STATE_PAUSE = 1000;
/** Milliseconds in which the first words of a log are looked for ten times as often: whoever follows a build from its begin sees them at once. */
const FIRST_WORDS = 5000;

export function serveLogs(app: FastifyInstance, context: ServerContext, streams: Streams): void {
  const { settings } = context.trunk;
  const asked = async (request: FastifyRequest) => {
    const params = request.params as z.output<typeof PARAMS>;
    const { file } = request.query as z.output<typeof QUERY>;
    const attempt = await visibleAttempt(context, request, params);
    return { attempt, path: logPath(settings, { buildId: params.build, attempt: params.attempt, file }) };
  };
  const address = `${API_ROOT}/builds/:build/attempts/:attempt/log`;

  app.get(address, { schema: SCHEMA, config: { needs: 'listed' } }, async (request, reply) => {
    const { attempt, path } = await asked(request);
    const log = await openLog(path);
    if (log === null) throw noLog(attempt);
    return sendLog(request, reply, log);
  });
  app.get(
    `${address}/stream`,
    { schema: SCHEMA, config: { needs: 'listed' }, exposeHeadRoute: false },
    async (request, reply) => {
      const from = startOf(request.headers['last-event-id']);
      const { attempt, path } = await asked(request);
      // The last event was the end: no content tells a browser not to come back.
      if (from === 'ended') return reply.code(204).send();
      if (attempt.state === 'finished' && (await readLogBytes(path, 0, 0)) === null) throw noLog(attempt);
      const stream = streams.open(request, reply, async () => {
        await askAgain(context, request);
        await asked(request);
      });
      await stream.sendAll(async () => {
        for await (const { text, offset } of follow(context, { attempt, path, from }, stream.signal))
          await stream.send({ id: offset, event: 'log', data: text });
        const over = await reread(context, attempt);
        if (over.state === 'finished')
          await stream.send({ id: 'end', event: 'end', data: { state: over.state, result: over.result } });
      });
      return reply;
    },
  );
}

/** The text of a log from a byte on, piece by piece, until its attempt is over, with the byte after each piece. */
async function* follow(
  context: ServerContext,
  { attempt, path, from }: { attempt: QueuedAttempt; path: string; from: number },
  signal: AbortSignal,
): AsyncGenerator<{ text: string; offset: number }> {
  let offset = from;
  let over = attempt.state === 'finished';
  const began = performance.now();
  let looked = began;
  while (!signal.aborted) {
    const bytes = (await readLogBytes(path, offset, CHUNK)) ?? Buffer.alloc(0);
    const whole = over && bytes.length < CHUNK ? bytes : wholeCharacters(bytes);
    if (whole.length > 0) {
      offset += whole.length;
      yield { text: whole.toString('utf8'), offset };
      continue;
    }
    // It was over before the last look at the log: nothing was added since.
    if (over) return;
    if (performance.now() - looked > STATE_PAUSE) {
      over = (await reread(context, attempt)).state === 'finished';
      looked = performance.now();
    } else await pauseFor(offset === 0 && performance.now() - began < FIRST_WORDS ? PAUSE / 10 : PAUSE, signal);
  }
}

async function reread({ trunk }: ServerContext, { buildId, number }: QueuedAttempt): Promise<QueuedAttempt> {
  const found = await findAttemptNumbered(trunk.db, buildId, number);
  if (found === null) throw new Error(`attempt ${String(number)} of build ${String(buildId)} has gone`);
  return found;
}

function startOf(header: string | string[] | undefined): number | 'ended' {
  if (header === undefined) return 0;
  if (header === 'end') return 'ended';
  if (/^\d{1,15}$/.test(String(header))) return Number(header);
  throw new TrunklineError('invalid_argument', 'Last-Event-ID is no place in a log', {
    hint: 'send what the last event said, or nothing to begin at the beginning',
  });
}

function noLog({ buildId, number, state }: QueuedAttempt): TrunklineError {
  const hint =
    state === 'pending' ? 'it has not begun' : 'it ended before anything ran, or has another log: look at the attempt';
  return new TrunklineError('not_found', `Attempt ${String(number)} of build ${String(buildId)} has no such log`, {
    hint,
  });
}
