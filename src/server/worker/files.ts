import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { fileName, hash } from '../../api/index.ts';
import type { RemoteBuilds } from '../../builds/remote/index.ts';
import { sendFile } from '../files.ts';
import { ATTEMPT_ROOT, attemptParams, FOR_WORKERS, leaseOf, leaseQuery } from './asked.ts';

const indexParams = z.strictObject({ ...attemptParams.shape, sha256: hash() });
const poolParams = z.strictObject({ ...indexParams.shape, name: fileName() });

/** What a worker needs to have the repository that it builds against, and the one that it checks. */
export function serveFiles(app: FastifyInstance, remote: RemoteBuilds): void {
  const options = { config: { needs: FOR_WORKERS } };
  app.get(
    `${ATTEMPT_ROOT}/repository`,
    { ...options, schema: { params: attemptParams, querystring: leaseQuery } },
    (request) => remote.repository(leaseOf(request)),
  );
  app.get(
    `${ATTEMPT_ROOT}/index/:sha256`,
    { ...options, schema: { params: indexParams, querystring: leaseQuery } },
    async (request, reply) => {
      const { sha256 } = request.params as z.output<typeof indexParams>;
      const path = await remote.indexFile(leaseOf(request), sha256);
      return sendFile(request, reply, { path, type: 'application/octet-stream', cache: 'private, no-store' });
    },
  );
  app.get(
    `${ATTEMPT_ROOT}/pool/:sha256/:name`,
    { ...options, schema: { params: poolParams, querystring: leaseQuery } },
    async (request, reply) => {
      const { sha256, name } = request.params as z.output<typeof poolParams>;
      const path = await remote.poolFile(leaseOf(request), { sha256, fileName: name });
      return sendFile(request, reply, { path, type: 'application/octet-stream', cache: 'private, no-store' });
    },
  );
}
