import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { BUILD_RESULTS, BUILD_STATES, NAME } from '../../model/index.ts';
import type { ServerContext } from '../context.ts';
import { visibleBuild } from '../routes/builds.ts';
import { FOLLOW_SCRIPT, STYLES } from './assets.ts';

const name = z.string().regex(NAME);
/** A form sends the fields that were left empty, too. */
const field = <T extends z.ZodType>(value: T) => z.union([z.literal('').transform(() => undefined), value]).optional();
const FILTER = { project: field(name), target: field(name) };
export const timelineQuery = z.strictObject({
  ...FILTER,
  state: field(z.enum([...BUILD_STATES, ...BUILD_RESULTS])),
  before: z.coerce.number().int().min(1).optional(),
});
export const summaryQuery = z.strictObject({
  ...FILTER,
  after: z
    .string()
    .max(300)
    .regex(/^[\x21-\x7e]+ [\x21-\x7e]+$/)
    .optional(),
});
const BUILD = z.object({ build: z.coerce.number().int().min(1) });

/** Files of old snapshots are made again for whoever asks: not for those who ask for everything. */
const ROBOTS = 'User-agent: *\nDisallow: /repos/\nDisallow: /api/\n';

/** Pages for people; what makes them is loaded when the first is asked for. */
export function servePages(app: FastifyInstance, context: ServerContext): void {
  const pages = () => import('./render.ts');
  const html = 'text/html; charset=utf-8';
  app.get('/', { schema: { querystring: timelineQuery }, config: { needs: 'listed' } }, async (request, reply) =>
    reply
      .type(html)
      .send(await (await pages()).timelinePage(context, request, request.query as z.output<typeof timelineQuery>)),
  );
  app.get('/summary', { schema: { querystring: summaryQuery }, config: { needs: 'listed' } }, async (request, reply) =>
    reply
      .type(html)
      .send(await (await pages()).summaryPage(context, request, request.query as z.output<typeof summaryQuery>)),
  );
  app.get('/builds/:build', { schema: { params: BUILD }, config: { needs: 'listed' } }, async (request, reply) => {
    const found = await visibleBuild(context, request, (request.params as z.output<typeof BUILD>).build);
    return reply.type(html).send(await (await pages()).buildPage(context, found));
  });
  for (const [url, type, content] of [
    ['/assets/trunkline.css', 'text/css; charset=utf-8', STYLES],
    ['/robots.txt', 'text/plain; charset=utf-8', ROBOTS],
    ['/assets/follow.js', 'text/javascript; charset=utf-8', FOLLOW_SCRIPT],
  ] as const)
    app.get(url, { config: { needs: 'open' } }, async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300').type(type).send(content),
    );
}
