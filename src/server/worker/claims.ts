import type { FastifyInstance, FastifyReply } from 'fastify';
import {
  askTargetsSchema,
  claimSchema,
  WORKER_PROTOCOL,
  type AskTargetsBody,
  type ClaimBody,
  type TargetsAnswer,
} from '../../api/index.ts';
import type { RemoteBuilds } from '../../builds/remote/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { ServerContext } from '../context.ts';
import { FOR_WORKERS, WORKER_ROOT } from './asked.ts';

/** A worker asks for which targets it can build, and then for work. */
export function serveClaims(app: FastifyInstance, { stopping }: ServerContext, remote: RemoteBuilds): void {
  app.post(
    `${WORKER_ROOT}/targets`,
    { schema: { body: askTargetsSchema }, config: { needs: FOR_WORKERS } },
    (request): Promise<TargetsAnswer> => {
      const { protocol, ...who } = request.body as AskTargetsBody;
      checkProtocol(protocol);
      return remote.targets({ principal: request.principal, ...who });
    },
  );
  app.post(
    `${WORKER_ROOT}/claim`,
    { schema: { body: claimSchema }, config: { needs: FOR_WORKERS } },
    async (request, reply) => {
      const { protocol, wait, targets, ...who } = request.body as ClaimBody;
      checkProtocol(protocol);
      const asked = { principal: request.principal, ...who, ready: targets, wait: wait * 1000 };
      const order = await remote.claim(asked, AbortSignal.any([stopping, hangUp(reply)]));
      return order ?? reply.code(204).send();
    },
  );
}

function checkProtocol(protocol: number): void {
  if (protocol === WORKER_PROTOCOL) return;
  throw new TrunklineError(
    'unsupported',
    `The worker speaks protocol ${String(protocol)}, this server ${String(WORKER_PROTOCOL)}`,
    { hint: 'run the same version of trunkline on both' },
  );
}

/** Aborted when nobody waits for the answer any more. */
export function hangUp(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    gone.abort();
  });
  return gone.signal;
}
