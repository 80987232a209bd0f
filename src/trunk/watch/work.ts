import type { TrunkContext } from '../../builds/index.ts';
import { endOverlong } from '../../builds/remote/index.ts';
import { listQueuedProjects } from '../../db/index.ts';
import { describeError, pauseFor, together } from '../../lib/index.ts';
import { expireLeases, recoverWorker } from '../../queue/index.ts';
import { drainQueue } from '../drain.ts';
import type { RunReporter } from '../report.ts';
import { introduceServer, ownTargets, ownWorker, recoverOwn } from '../workers.ts';

/** Milliseconds after which is looked at the queue again though no bell rang: another server may have filled it. */
const LOOK_AGAIN = 1000;
/** Milliseconds between two looks for workers that died. */
const EXPIRY = 10_000;

/**
 * Builds what is due, `jobs` at a time, until `signal` is aborted; then what was running goes back into the queue. What a server of before had
 * in hand is queued again at once. With no `jobs` it only looks for workers that died. @throws when the machine cannot go on: a full disk
 */
export async function workOn(
  context: TrunkContext,
  { jobs, signal }: { jobs: number; signal: AbortSignal },
): Promise<void> {
  const worker = ownWorker(context, 'serve');
  const interrupted = await recoverOwn(context);
  if (interrupted > 0) context.log.warn(`${interrupted} attempts were interrupted, and are made again`);
  const drains = (either: AbortSignal) => drain(context, { jobs, worker, signal: either });
  try {
    await together(signal, [(either) => expireUntil(context, jobs, either), ...(jobs === 0 ? [] : [drains])]);
  } finally {
    // Nobody is to see as running what an abort ended.
    await recoverWorker(context.db, worker, context.now());
  }
}

async function drain(
  context: TrunkContext,
  { jobs, worker, signal }: { jobs: number; worker: string; signal: AbortSignal },
) {
  const { projects } = context.settings;
  const configured = new Set(projects.map(({ name }) => name));
  const without = (await listQueuedProjects(context.db)).filter((name) => !configured.has(name));
  const fatal: string[] = [];
  const report: RunReporter = (event) => {
    if (event.kind === 'started') context.log.info(event.build, 'a build begins');
    if (event.kind !== 'finished') return;
    const { build, failure, timings } = event.report;
    const { id, project, target } = build;
    context.log.info(
      { id, project, target, failure, timings },
      failure === null ? 'a build succeeded' : 'a build failed',
    );
    if (event.report.fatal) fatal.push(failure?.detail ?? 'the machine cannot go on');
  };
  await drainQueue(context, {
    ...{ jobs, worker, signal, report, leaseMs: context.settings.server.workerLease * 1000 },
    targets: ownTargets(context),
    projects: null,
    without,
    stopOnFailure: false,
    needs: new Map(),
    wait: () => context.queueBell.wait(LOOK_AGAIN, signal),
  });
  if (fatal.length > 0) throw new Error(fatal.join('; '));
}

async function expireUntil(context: TrunkContext, jobs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await expire(context, jobs).catch((error: unknown) => {
      context.log.error({ err: error }, `dead workers cannot be looked for now: ${describeError(error)}`);
    });
    await pauseFor(EXPIRY, signal);
  }
}

async function expire(context: TrunkContext, jobs: number): Promise<void> {
  await introduceServer(context, jobs);
  for (const { id, worker } of await endOverlong(context))
    context.log.warn({ attempt: id, worker }, 'its worker had it for longer than any build takes: it was ended');
  for (const { attempt } of await expireLeases(context.db, context.now())) {
    const { id, worker } = attempt;
    context.log.warn({ attempt: id, worker }, 'its worker was not heard of any more: it is made again');
    context.queueBell.ring();
  }
}
