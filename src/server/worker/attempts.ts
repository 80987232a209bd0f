import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  builtSchema,
  hash,
  LARGEST_ACCOUNT,
  LARGEST_PIECE,
  logName,
  packagePieceQuery,
  pieceQuery,
  planSchema,
  verifiedSchema,
  type BuiltBody,
  type VerifiedBody,
} from '../../api/index.ts';

import type { RemoteBuilds } from '../../builds/remote/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { ATTEMPT_ROOT, attemptParams, FOR_WORKERS, leaseOf, leaseQuery } from './asked.ts';

/** What a worker tells of an attempt that it holds. */
export function serveAttempts(app: FastifyInstance, remote: RemoteBuilds): void {
  const post = (path: string, body: z.ZodType | null, answer: (request: FastifyRequest) => Promise<unknown>) => {
    app.post(
      `${ATTEMPT_ROOT}/${path}`,
      {
        schema: { params: attemptParams, querystring: leaseQuery, ...(body === null ? {} : { body }) },
        config: { needs: FOR_WORKERS },
        bodyLimit: LARGEST_ACCOUNT,
      },
      answer,
    );
  };
  post('heartbeat', null, async (request) => {
    await remote.heartbeat(leaseOf(request));
    return {};
  });
  post('leave', null, async (request) => {
    await remote.leave(leaseOf(request));
    return {};
  });
  post('plan', planSchema, (request) =>
    remote.plan(leaseOf(request), (request.body as z.output<typeof planSchema>).reported ?? null),
  );
  post('built', builtSchema, (request) => remote.built(leaseOf(request), request.body as BuiltBody));
  post('verified', verifiedSchema, (request) => remote.verified(leaseOf(request), request.body as VerifiedBody));
  servePieces(app, remote);
}

const logParams = z.strictObject({ ...attemptParams.shape, name: logName() });
const packageParams = z.strictObject({ ...attemptParams.shape, sha256: hash() });

function servePieces(app: FastifyInstance, remote: RemoteBuilds): void {
  const options = { config: { needs: FOR_WORKERS }, bodyLimit: LARGEST_PIECE };
  app.put(
    `${ATTEMPT_ROOT}/logs/:name`,
    { ...options, schema: { params: logParams, querystring: pieceQuery } },
    (request) => {
      const { name } = request.params as z.output<typeof logParams>;
      const { offset } = request.query as z.output<typeof pieceQuery>;
      return remote.log(leaseOf(request), name, { offset, body: bytesOf(request) });
    },
  );
  app.put(
    `${ATTEMPT_ROOT}/packages/:sha256`,
    { ...options, schema: { params: packageParams, querystring: packagePieceQuery } },
    (request) => {
      const { sha256 } = request.params as z.output<typeof packageParams>;
      const { offset, size } = request.query as z.output<typeof packagePieceQuery>;
      return remote.package(leaseOf(request), { sha256, size }, { offset, body: bytesOf(request) });
    },
  );
}

function bytesOf({ body }: FastifyRequest): Uint8Array {
  if (body instanceof Uint8Array) return body;
  throw new TrunklineError('unsupported_media_type', 'Pieces are bytes', { hint: 'send application/octet-stream' });
}
