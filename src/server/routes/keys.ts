import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KeyResource } from '../../api/index.ts';
import { describeKey, retireKey, rotateKey } from '../../app/index.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';

const changes = { action: 'key.change', on: () => ({}) } as const;

/** What changes the keys that repositories are signed with. */
export function serveKeys(app: FastifyInstance, { trunk }: ServerContext): void {
  const order = ({ principal }: FastifyRequest, { reason = null }: { reason?: string | null | undefined }) => ({
    actor: principal.name,
    reason,
  });
  serveRoute(app, 'rotateKey', changes, async ({ body, request }): Promise<KeyResource> =>
    describeKey(await rotateKey(trunk, order(request, body))),
  );
  serveRoute(app, 'retireKey', changes, async ({ params, body, request }): Promise<KeyResource> =>
    describeKey(await retireKey(trunk, params.key, order(request, body))),
  );
}
