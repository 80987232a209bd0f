import { performAttempt, type AttemptReport, type TrunkContext } from '../builds/index.ts';
import { requireBuildWithRevision, type QueuedAttempt } from '../db/index.ts';
import { describeError, TrunklineError } from '../lib/index.ts';
import { claim, heartbeat, leaseOf, type ClaimFilter } from '../queue/index.ts';
import type { RunReporter } from './report.ts';

export interface DrainOptions {
  /** Attempts at once. */
  jobs: number;
  /** This process as a worker; `<worker>/<attempt>` holds a lease. */
  worker: string;
  targets: readonly string[];
  projects: readonly string[];
  stopOnFailure: boolean;
  /** For `--order`: the projects that must not be in the making while a project is. */
  needs: ReadonlyMap<string, ReadonlySet<string>>;
  signal: AbortSignal;
  report: RunReporter;
}

const LEASE = 120_000;

interface Running {
  attempt: QueuedAttempt;
  project: string;
  /** Ends the attempt when its lease is lost: its result would not be taken. */
  lost: AbortController;
  done: Promise<AttemptReport | null>;
}

/**
 * Makes every attempt that is due, `jobs` at a time, until none is left. Attempts that wait for a retry are left to a later run.
 * After an abort, what was running is left as it is: whoever holds the data directory next puts it back into the queue.
 */
export async function drainQueue(context: TrunkContext, options: DrainOptions): Promise<AttemptReport[]> {
  const reports: AttemptReport[] = [];
  const running = new Map<number, Running>();
  const beat = setInterval(() => void renew(context, running), LEASE / 4);
  let stopped = false;
  try {
    for (;;) {
      while (!stopped && !options.signal.aborted && running.size < options.jobs) {
        const next = await startNext(context, options, running);
        if (next === null) break;
        running.set(next.attempt.id, next);
      }
      if (running.size === 0) return reports;
      const ended = await Promise.race(
        [...running.values()].map(({ done, attempt }) => done.then((report) => ({ report, attempt }))),
      );
      running.delete(ended.attempt.id);
      if (ended.report === null) continue;
      reports.push(ended.report);
      options.report({ kind: 'finished', report: ended.report });
      stopped ||= ended.report.fatal || (options.stopOnFailure && ended.report.failure !== null);
    }
  } finally {
    clearInterval(beat);
    await Promise.allSettled([...running.values()].map(({ done }) => done));
  }
}

async function startNext(
  context: TrunkContext,
  options: DrainOptions,
  running: ReadonlyMap<number, Running>,
): Promise<Running | null> {
  const busy = new Set([...running.values()].map(({ project }) => project));
  const free = options.projects.filter((project) => {
    const needs = options.needs.get(project);
    return needs === undefined || needs.isDisjointFrom(busy);
  });
  const filter: ClaimFilter = { targets: options.targets, projects: free };
  const attempt = await claim(context.db, { worker: options.worker, now: context.now(), leaseMs: LEASE, filter });
  if (attempt === null) return null;
  const { build, revision } = await requireBuildWithRevision(context.db, attempt.buildId);
  const { hash: commit, subject } = revision.upstream;
  options.report({
    kind: 'started',
    build: { id: build.id, project: build.project, target: build.target, commit, subject },
  });
  const lost = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  return { attempt, project: build.project, lost, done: perform(context, attempt, signal) };
}

/** The report, or null when the attempt is not ours to report: it was aborted, or taken over by somebody else. */
async function perform(
  context: TrunkContext,
  attempt: QueuedAttempt,
  signal: AbortSignal,
): Promise<AttemptReport | null> {
  try {
    return await performAttempt(context, attempt, signal);
  } catch (error) {
    if (signal.aborted) return null;
    if (error instanceof TrunklineError && error.code === 'lock_lost') {
      context.log.warn({ attempt: attempt.id }, error.message);
      return null;
    }
    throw error;
  }
}

async function renew(context: TrunkContext, running: ReadonlyMap<number, Running>): Promise<void> {
  for (const { attempt, lost } of running.values())
    await heartbeat(context.db, leaseOf(attempt), { now: context.now(), leaseMs: LEASE }).catch((error: unknown) => {
      context.log.warn({ attempt: attempt.id }, `the lease could not be renewed: ${describeError(error)}`);
      if (error instanceof TrunklineError && error.code === 'lock_lost') lost.abort();
    });
}
