import type { FastifyInstance } from 'fastify';
import type { ServerContext } from '../context.ts';
import { serveBuilds } from './builds.ts';
import { serveProjects } from './projects.ts';

/** All of the API. */
export function serveApi(app: FastifyInstance, context: ServerContext): void {
  serveProjects(app, context);
  serveBuilds(app, context);
}
