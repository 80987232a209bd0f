import { performAttempt, type AttemptReport, type TrunkContext } from '../builds/index.ts';
import { requireBuildWithRevision, type QueuedAttempt } from '../db/index.ts';
import { describeError, TrunklineError } from '../lib/index.ts';
import { claim, heartbeat, leaseOf, listLost, type ClaimFilter } from '../queue/index.ts';
import type { RunReporter } from './report.ts';

export interface DrainOptions {
  /** Attempts at once. */
  jobs: number;
  /** This process as a worker. */
  worker: string;
  /** Milliseconds for which an attempt is ours unless that is renewed. */
  leaseMs: number;
  targets: readonly string[];
  /** null: all, but those of `without`. */
  projects: readonly string[] | null;
  without?: readonly string[];
  stopOnFailure: boolean;
  /** For `--order`: the projects that must not be in the making while a project is. */
  needs: ReadonlyMap<string, ReadonlySet<string>>;
  signal: AbortSignal;
  report: RunReporter;
  /**
   * What to do when there is a place free and nothing due; then is looked again. Left out: the drain ends when nothing is due and nothing runs any
   * more.
   */
  wait?: () => Promise<void>;
}

/** Milliseconds between two looks at whether attempts are still ours: a cancelled one ends that soon. */
const LOOK = 2000;

interface Running {
  attempt: QueuedAttempt;
  project: string;
  /** Ends the attempt when its lease is lost: its result would not be taken. */
  lost: AbortController;
  renewedAt: number;
  done: Promise<AttemptReport | null>;
}

/**
 * Makes every attempt that is due, `jobs` at a time, until none is left. Attempts that wait for a retry are left to a later run.
 * After an abort, what was running is left as it is: whoever holds the data directory next puts it back into the queue.
 */
export async function drainQueue(context: TrunkContext, options: DrainOptions): Promise<AttemptReport[]> {
  const reports: AttemptReport[] = [];
  const running = new Map<number, Running>();
  const beat = setInterval(() => void renew(context, running, options.leaseMs), LOOK);
  let stopped = false;
  try {
    for (;;) {
      while (!stopped && !options.signal.aborted && running.size < options.jobs) {
        const next = await startOrWait(context, options, running);
        if (next === null) break;
        running.set(next.attempt.id, next);
      }
      const waiting = stopped || options.signal.aborted ? undefined : options.wait;
      if (running.size === 0 && waiting === undefined) return reports;
      const ended = await firstOf(running, running.size < options.jobs ? waiting : undefined);
      if (ended === null) continue;
      running.delete(ended.attempt.id);
      if (ended.report === null) continue;
      if (options.wait === undefined) reports.push(ended.report);
      options.report({ kind: 'finished', report: ended.report });
      stopped ||= ended.report.fatal || (options.stopOnFailure && ended.report.failure !== null);
    }
  } finally {
    // What still runs is ours until it has ended.
    await Promise.allSettled([...running.values()].map(({ done }) => done));
    clearInterval(beat);
  }
}

/** The first that ends; null when `wait` is over before. */
async function firstOf(
  running: ReadonlyMap<number, Running>,
  wait: DrainOptions['wait'],
): Promise<{ attempt: QueuedAttempt; report: AttemptReport | null } | null> {
  const ends = [...running.values()].map(({ done, attempt }) => done.then((report) => ({ report, attempt })));
  return Promise.race([...ends, ...(wait === undefined ? [] : [wait().then(() => null)])]);
}

/** What cannot be begun now ends a run; a server waits, and what it is building goes on. */
async function startOrWait(
  context: TrunkContext,
  options: DrainOptions,
  running: ReadonlyMap<number, Running>,
): Promise<Running | null> {
  try {
    return await startNext(context, options, running);
  } catch (error) {
    if (options.wait === undefined) throw error;
    context.log.error({ err: error }, `nothing can be begun now: ${describeError(error)}`);
    return null;
  }
}

async function startNext(
  context: TrunkContext,
  options: DrainOptions,
  running: ReadonlyMap<number, Running>,
): Promise<Running | null> {
  const filter: ClaimFilter = { targets: options.targets, ...projectsOf(options, running) };
  const attempt = await claim(context.db, {
    worker: options.worker,
    now: context.now(),
    leaseMs: options.leaseMs,
    filter,
  });
  if (attempt === null) return null;
  const { build, revision } = await requireBuildWithRevision(context.db, attempt.buildId);
  const { hash: commit, subject } = revision.upstream;
  options.report({
    kind: 'started',
    build: { id: build.id, project: build.project, target: build.target, commit, subject },
  });
  const lost = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  const renewedAt = context.now();
  return { attempt, project: build.project, lost, renewedAt, done: perform(context, attempt, signal) };
}

/** Of which projects an attempt may be begun beside what is running. */
function projectsOf(options: DrainOptions, running: ReadonlyMap<number, Running>): ClaimFilter {
  if (options.projects === null) return { without: options.without ?? [] };
  const busy = new Set([...running.values()].map(({ project }) => project));
  const free = options.projects.filter((project) => options.needs.get(project)?.isDisjointFrom(busy) ?? true);
  return { projects: free };
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

/** Ends what is not ours any more, and renews the leases of the rest long before they lapse. */
async function renew(context: TrunkContext, running: ReadonlyMap<number, Running>, leaseMs: number): Promise<void> {
  const now = context.now();
  const held = [...running.values()].filter(({ lost }) => !lost.signal.aborted);
  try {
    const lost = await listLost(
      context.db,
      held.map(({ attempt }) => leaseOf(attempt)),
    );
    for (const one of held) {
      if (lost.has(one.attempt.id)) {
        context.log.info({ attempt: one.attempt.id }, 'the attempt was cancelled or taken over: it is ended');
        one.lost.abort();
      } else if (now - one.renewedAt > leaseMs / 4) {
        one.renewedAt = now;
        await heartbeat(context.db, leaseOf(one.attempt), { now, leaseMs });
      }
    }
  } catch (error) {
    context.log.warn(`leases could not be renewed: ${describeError(error)}`);
  }
}
