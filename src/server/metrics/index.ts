import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  countBusyWorkers,
  findBuilds,
  lastEventId,
  listAttempts,
  listEvents,
  oldestWaiting,
  sumPackageSizes,
  type Db,
  type OutboxEntry,
  type QueuedAttempt,
} from '../../db/index.ts';
import { readQueue, readWorkers } from '../../queue/index.ts';
import type { WebhookReceiver } from '../../trunk/index.ts';

export interface Metrics {
  /** In Prometheus' text format. */
  read(): Promise<{ type: string; text: string }>;
}

/** Milliseconds for which figures are not read again. */
const KEPT = 5000;
/** Milliseconds after which the size of the store, which takes a walk over all packages, is summed up again. */
const SIZE_KEPT = 3_600_000;
const EVENTS = 1000;

/**
 * Figures for Prometheus. Counters begin with the server: they are added up from the events that came since, and so cost what happened and not what is
 * there. Each of several servers counts what all of them did.
 */
export async function createMetrics(
  db: Db,
  targets: readonly { name: string }[],
  now: () => number,
  webhooks: Pick<WebhookReceiver, 'counts'>,
): Promise<Metrics> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const figures = define(registry);
  let last = await lastEventId(db);
  let size = { at: -Infinity, known: new Map<string, number>() };
  let asked = -Infinity;
  const refresh = async () => {
    for (let events = await listEvents(db, { after: last, limit: EVENTS }); events.length > 0;) {
      for (const event of events) {
        await count(db, figures, event);
        // What was counted is not counted again when a later one fails.
        last = event.id;
      }
      events = events.length < EVENTS ? [] : await listEvents(db, { after: last, limit: EVENTS });
    }
    const queue = await readQueue(db, now());
    const oldest = await oldestWaiting(db);
    figures.queue.set({ state: 'ready' }, queue.ready);
    figures.queue.set({ state: 'waiting' }, queue.waiting);
    figures.queue.set({ state: 'running' }, queue.running);
    figures.age.set(oldest === null ? 0 : Math.max(0, (now() - oldest) / 1000));
    figures.workers.set(await countBusyWorkers(db));
    const present = (await readWorkers(db, now())).filter((one) => one.present).length;
    figures.present.set(present);
    if (performance.now() - size.at > SIZE_KEPT) {
      const known = new Map<string, number>();
      for (const { name } of targets) known.set(name, await sumPackageSizes(db, name));
      size = { at: performance.now(), known };
    }
    // This server's alone: what was refused is in no database.
    figures.webhooks.reset();
    for (const { source, outcome, count } of webhooks.counts()) figures.webhooks.inc({ forge: source, outcome }, count);
    for (const [target, bytes] of size.known) figures.store.set({ target }, bytes);
  };
  let refreshing: Promise<void> | undefined;
  return {
    async read() {
      if (performance.now() - asked > KEPT) {
        refreshing ??= refresh().finally(() => (refreshing = undefined));
        await refreshing;
        asked = performance.now();
      }
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}

function define(registry: Registry) {
  const registers = [registry];
  const minutes = [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 86_400];
  return {
    builds: new Counter({
      ...{ name: 'trunkline_builds_finished_total', help: 'Attempts that came to an end, by result and reason' },
      ...{ labelNames: ['target', 'result', 'reason'] as const, registers },
    }),
    latency: new Histogram({
      ...{
        name: 'trunkline_commit_to_installable_seconds',
        help: 'From a commit to the repository it is installed from',
      },
      ...{ labelNames: ['target'] as const, buckets: minutes, registers },
    }),
    publish: new Histogram({
      ...{ name: 'trunkline_publish_seconds', help: 'Time taken to publish a build' },
      ...{ labelNames: ['target'] as const, buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30], registers },
    }),
    queue: new Gauge({
      ...{ name: 'trunkline_queue_attempts', help: 'Attempts that are due, put off, and running' },
      ...{ labelNames: ['state'] as const, registers },
    }),
    age: new Gauge({
      name: 'trunkline_queue_age_seconds',
      help: 'How long the oldest attempt has been waiting',
      registers,
    }),
    webhooks: new Counter({
      ...{
        name: 'trunkline_webhook_deliveries_total',
        help: 'What forges delivered to this server, by what came of it',
      },
      ...{ labelNames: ['forge', 'outcome'] as const, registers },
    }),
    workers: new Gauge({ name: 'trunkline_workers_busy', help: 'Workers that hold an attempt', registers }),
    present: new Gauge({
      ...{ name: 'trunkline_workers_present', help: 'Workers and servers heard of within two minutes, or building' },
      registers,
    }),
    store: new Gauge({
      ...{ name: 'trunkline_store_bytes', help: 'Packages of a target, summed up once an hour' },
      ...{ labelNames: ['target'] as const, registers },
    }),
  };
}

async function count(
  db: Db,
  figures: ReturnType<typeof define>,
  { kind, payload, createdAt }: OutboxEntry,
): Promise<void> {
  if (kind !== 'build_finished') return;
  const { target, result, reason, buildId, attemptId } = payload as {
    target: string;
    result: string;
    reason: string | null;
    buildId: number;
    attemptId: number | null;
  };
  const published = result === 'success' && attemptId !== null;
  // All that can fail comes before anything is counted.
  const attempts = published ? await listAttempts(db, buildId) : [];
  const [built] = published ? await findBuilds(db, [buildId]) : [];
  figures.builds.inc({ target, result, reason: reason ?? '' });
  const attempt = attempts.find(({ id }) => id === attemptId);
  if (attempt?.timings.publish !== undefined) figures.publish.observe({ target }, attempt.timings.publish);
  if (built === undefined || attempt === undefined || !attempts.every((one) => isFirstTry(one, attempt))) return;
  figures.latency.observe({ target }, Math.max(0, createdAt / 1000 - built.revision.upstream.committerTime));
}

/**
 * What a machine's failure or a lost worker had tried again took its commit that long; what a person had built again, and what was tried again after that,
 * says nothing of how long a commit takes.
 */
function isFirstTry({ number, kind }: QueuedAttempt, last: QueuedAttempt): boolean {
  return number > last.number || kind === 'initial' || kind === 'retry';
}
