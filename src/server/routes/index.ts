import type { FastifyInstance } from 'fastify';
import type { ServerContext } from '../context.ts';
import { openStreams } from '../streams.ts';
import { serveWorkers } from '../worker/index.ts';
import { serveBuilds } from './builds.ts';
import { serveAccess } from './access.ts';
import { serveBuildChanges } from './build-changes.ts';
import { serveCollections } from './collections.ts';
import { serveDocuments } from './documents.ts';
import { serveEvents } from './events.ts';
import { serveKeys } from './keys.ts';
import { serveLogs } from './logs.ts';
import { servePackages } from './packages.ts';
import { serveProjects } from './projects.ts';
import { serveQueue } from './queue.ts';
import { servePins } from './pins.ts';
import { serveRefChanges } from './ref-changes.ts';
import { serveRefs } from './refs.ts';
import { serveSnapshots } from './snapshots.ts';
import { serveSummary } from './summary.ts';
import { serveTokens } from './tokens.ts';
import { serveUploads } from './uploads.ts';
import { serveVotes } from './votes.ts';
import { serveWorkerList } from './workers.ts';

export { serveWebhooks } from './webhooks.ts';

/** All of the API. */
export function serveApi(app: FastifyInstance, context: ServerContext): void {
  const streams = openStreams(context.stopping);
  serveProjects(app, context);
  serveBuilds(app, context);
  serveLogs(app, context, streams);
  servePackages(app, context);
  serveSnapshots(app, context);
  serveRefs(app, context);
  serveBuildChanges(app, context);
  serveRefChanges(app, context);
  serveCollections(app, context);
  serveKeys(app, context);
  serveUploads(app, context);
  servePins(app, context);
  serveVotes(app, context);
  serveAccess(app, context);
  serveTokens(app, context);
  serveQueue(app, context);
  serveWorkerList(app, context);
  serveEvents(app, context, streams);
  serveSummary(app, context);
  serveDocuments(app, context);
  serveWorkers(app, context);
}
