import type { FastifyInstance } from 'fastify';
import { openRemoteBuilds } from '../../builds/remote/index.ts';
import type { ServerContext } from '../context.ts';
import { serveAttempts } from './attempts.ts';
import { serveClaims } from './claims.ts';
import { serveFiles } from './files.ts';
import { serveGit } from './git.ts';

/** What workers ask. Only the token of a worker gets an answer; it is no part of the documented API. */
export function serveWorkers(app: FastifyInstance, context: ServerContext): void {
  const { trunk } = context;
  const remote = openRemoteBuilds(trunk, {
    leaseMs: trunk.settings.server.workerLease * 1000,
    report: ({ build, failure, attempt }) => {
      trunk.log.info({ build: build.id, worker: attempt.worker, failure }, 'a worker’s attempt has ended');
    },
  });
  void app.register((scope, _options, done) => {
    // Pieces of logs and packages, and what git clients say: bytes, as far as the route takes them.
    const bytes = ['application/octet-stream', 'application/x-git-upload-pack-request'];
    scope.addContentTypeParser(bytes, { parseAs: 'buffer' }, (_request, body, parsed) => {
      parsed(null, body);
    });
    serveClaims(scope, context, remote);
    serveAttempts(scope, remote);
    serveFiles(scope, remote);
    serveGit(scope, context);
    done();
  });
}
