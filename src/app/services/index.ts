import { describeError, isAborted, pauseFor } from '../../lib/index.ts';
import { packLogs } from '../../builds/logs/index.ts';
import { keepHouse, pollProjects, workOn } from '../../trunk/index.ts';
import { deliverEvents } from '../events.ts';
import { releaseSnapshots } from '../materialised/index.ts';
import type { Trunk } from '../open.ts';
import { renewNowAndThen } from './renewing.ts';

/** Something that goes on as long as a server runs: polling, draining the queue, delivering events. */
export interface BackgroundService {
  name: string;
  /** Works until `signal` is aborted, and resolves when it has stopped. Resolving or throwing earlier is a failure. */
  start(signal: AbortSignal): Promise<void>;
}

/** Milliseconds between two looks at the outbox when nothing rings. */
const DELIVERY = 1000;
/** Milliseconds between two looks for snapshots that are too old to stay as files. */
const RELEASE = 10 * 60_000;
/** Milliseconds between two looks for logs to compress. */
const PACKING = 60_000;
/** Milliseconds before a service that failed is started again: the first time, and at most. */
const PAUSE = { first: 1000, most: 60_000 };

/** What runs in a server besides HTTP. `jobs`: builds at once; 0: this server builds nothing itself. `poll`: whether it looks at repositories. */
export function backgroundServices(
  { context }: Trunk,
  { jobs, poll }: { jobs: number; poll: boolean },
): readonly BackgroundService[] {
  const polling: BackgroundService = { name: 'polling', start: (signal) => pollProjects(context, signal) };
  return [
    ...(poll ? [polling] : []),
    { name: 'housekeeping', start: (signal) => keepHouse(context, { places: jobs, signal }) },
    { name: 'refs', start: (signal) => renewNowAndThen(context, signal) },
    { name: 'old snapshots', start: (signal) => releaseNowAndThen(context, signal) },
    { name: 'logs', start: (signal) => packNowAndThen(context, signal) },
    { name: 'building', start: (signal) => workOn(context, { jobs, signal }) },
    {
      name: 'delivery',
      start: async (signal) => {
        while (!signal.aborted) {
          await deliverEvents(context, signal);
          await context.queueBell.wait(DELIVERY, signal);
        }
      },
    },
  ];
}

async function packNowAndThen(context: Trunk['context'], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pauseFor(PACKING, signal);
    await packLogs(context, signal);
  }
}

/** Takes the files of old snapshots away, see `releaseSnapshots`. */
async function releaseNowAndThen(context: Trunk['context'], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pauseFor(RELEASE, signal);
    if (!isAborted(signal)) await releaseSnapshots(context);
  }
}

/**
 * Runs services until `signal` is aborted, and all have stopped. One that fails is started again, ever later: a database that is away for a moment, or
 * a full disk, must not end the others.
 */
export async function runServices(
  services: readonly BackgroundService[],
  { signal, log, first = PAUSE.first }: { signal: AbortSignal; log: Trunk['context']['log']; first?: number },
): Promise<void> {
  await Promise.all(
    services.map(async (service) => {
      let failures = 0;
      while (!signal.aborted) {
        const began = Date.now();
        await runOnce(service, signal, log);
        failures = Date.now() - began > PAUSE.most ? 0 : failures + 1;
        const wait = Math.min(first * 2 ** Math.min(failures - 1, 10), PAUSE.most);
        await pauseFor(Math.max(wait, first), signal);
      }
    }),
  );
}

async function runOnce(service: BackgroundService, signal: AbortSignal, log: Trunk['context']['log']): Promise<void> {
  const name = { service: service.name };
  try {
    await service.start(signal);
    if (!isAborted(signal)) log.error(name, 'the service ended by itself; it is started again');
  } catch (error) {
    if (!isAborted(signal)) log.error({ ...name, err: error }, `${describeError(error)}; the service is started again`);
  }
}
