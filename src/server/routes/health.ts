import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { lastEventId } from '../../db/index.ts';
import { describeError } from '../../lib/index.ts';
import type { ServerContext } from '../context.ts';
import type { Metrics } from '../metrics/index.ts';

/** Milliseconds in which a database that is there answers. */
const READY = 2000;

async function late(): Promise<never> {
  await delay(READY, undefined, { ref: false });
  throw new Error(`the database has not answered for ${String(READY)} ms`);
}

/** For whoever watches: whether the process answers, whether it can do its work, and figures. */
export function serveHealth(app: FastifyInstance, context: ServerContext): void {
  const { db, log, settings } = context.trunk;
  app.get('/healthz', { config: { needs: 'open' } }, async (_request, reply) => {
    await reply.header('cache-control', 'no-store').type('text/plain').send('ok\n');
  });
  // A database that is away is waited for: those who ask meanwhile wait for the same answer.
  let asking: Promise<number> | undefined;
  app.get('/readyz', { config: { needs: 'open' } }, async (_request, reply) => {
    void reply.header('cache-control', 'no-store').type('text/plain');
    try {
      if (context.stopping.aborted) return await reply.code(503).send('stopping\n');
      asking ??= lastEventId(db).finally(() => (asking = undefined));
      await Promise.race([asking, late()]);
      return await reply.send('ready\n');
    } catch (error) {
      log.error(describeError(error));
      return reply.code(503).send('the database does not answer\n');
    }
  });
  let made: Promise<Metrics> | undefined;
  app.get('/metrics', { config: { needs: { action: 'build.read', on: () => ({}) } } }, async (_request, reply) => {
    made ??= import('../metrics/index.ts').then(({ createMetrics }) =>
      createMetrics(db, settings.targets, context.trunk.now, context.webhooks),
    );
    const { type, text } = await (await made).read();
    return reply.header('cache-control', 'no-store').type(type).send(text);
  });
}
