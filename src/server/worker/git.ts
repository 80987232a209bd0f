import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { mirrorGate } from '../../builds/remote/index.ts';
import { serveMirror, type GitQuestion } from '../../lib/git/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { ServerContext } from '../context.ts';
import { FOR_WORKERS, WORKER_ROOT } from './asked.ts';
import { hangUp } from './claims.ts';

const params = z.strictObject({ mirror: z.string().regex(/^[A-Za-z0-9_-]{1,80}\.git$/) });
const infoQuery = z.strictObject({ service: z.literal('git-upload-pack') });
/** Bytes of a git client's question: it names commits it has and wants. */
const LONGEST_QUESTION = 8 * 1024 ** 2;

/** The server's mirrors, to read, for workers that build from them. */
export function serveGit(app: FastifyInstance, { trunk }: ServerContext): void {
  const mayRead = mirrorGate(trunk.settings);
  const answer = async (request: FastifyRequest, reply: FastifyReply, kind: GitQuestion['kind'], body: Uint8Array) => {
    const { mirror } = request.params as z.output<typeof params>;
    if (!mayRead(request.principal, mirror))
      throw new TrunklineError('not_found', 'There is no such mirror for this worker');
    const { headers } = request;
    const question = { kind, protocol: plain(headers['git-protocol']), encoding: headers['content-encoding'], body };
    const answered = await serveMirror(join(trunk.settings.dataDir, 'git', mirror), question, hangUp(reply));
    return reply.code(answered.status).headers(answered.headers).send(answered.body);
  };
  app.get(
    `${WORKER_ROOT}/git/:mirror/info/refs`,
    { schema: { params, querystring: infoQuery }, config: { needs: FOR_WORKERS } },
    (request, reply) => answer(request, reply, 'info', new Uint8Array()),
  );
  app.post(
    `${WORKER_ROOT}/git/:mirror/git-upload-pack`,
    { schema: { params }, config: { needs: FOR_WORKERS }, bodyLimit: LONGEST_QUESTION },
    (request, reply) =>
      answer(request, reply, 'fetch', request.body instanceof Uint8Array ? request.body : new Uint8Array()),
  );
}

function plain(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
