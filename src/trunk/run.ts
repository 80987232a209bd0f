import { endPassedPins, requireTarget, type AttemptReport, type TrunkContext } from '../builds/index.ts';
import { describeError, isAborted, TrunklineError } from '../lib/index.ts';
import { FORMAT_NAMES, type Project } from '../model/index.ts';
import { readQueue, recoverWorker, type QueueState } from '../queue/index.ts';
import { discoverProject } from './discover.ts';
import { drainQueue } from './drain.ts';
import { findOrder, NO_ORDER, type Order } from './order.ts';
import { planBuilds, type PlannedBuild } from './plan.ts';
import { recordFound, targetsOf, type Found } from './record.ts';
import type { RunReporter } from './report.ts';
import { ownTargets, ownWorker, recoverOwn } from './workers.ts';

export interface RunOptions {
  /** Names; null for all. */
  projects: readonly string[] | null;
  targets: readonly string[] | null;
  headOnly: boolean;
  /** For a project never built: the commit or the date its history starts from. */
  since: string | null;
  order: boolean;
  stopOnFailure: boolean;
  jobs: number;
  signal: AbortSignal;
  report: RunReporter;
}

export interface Unreachable {
  project: string;
  message: string;
}

export interface RunSummary {
  reports: readonly AttemptReport[];
  unreachable: readonly Unreachable[];
  /** What is left in the queue of the selected projects and targets. */
  queue: QueueState;
}

/** How many repositories are fetched at once: more would only make their servers slow. */
const FETCHES = 4;

/** Discovers what is new, queues it, and builds until nothing is due. The local directory is held by the caller. */
export async function runTrunk(context: TrunkContext, options: RunOptions): Promise<RunSummary> {
  const projects = selectProjects(context, options);
  const targets = selectTargets(context, options);
  const worker = ownWorker(context, 'run');
  const attempts = await recoverOwn(context);
  if (attempts > 0) options.report({ kind: 'recovered', attempts });
  for (const { pin } of await endPassedPins(context, targets))
    options.report({ kind: 'unpinned', project: pin.project, target: pin.target });
  const { found, unreachable } = await discoverAll(context, projects, options);
  const order = options.order ? await findOrder(context, projects) : NO_ORDER;
  for (const circle of order.cycles) options.report({ kind: 'cycle', projects: circle });
  await queueFound(context, found, order, options);
  const names = projects.map(({ name }) => name);
  const { jobs, stopOnFailure, signal, report } = options;
  const work = {
    jobs,
    stopOnFailure,
    signal,
    report,
    targets: ownTargets(context, targets),
    projects: names,
    needs: order.needs,
    worker,
    leaseMs: context.settings.server.workerLease * 1000,
  };
  const reports = await drainQueue(context, work);
  // What an abort ended goes back into the queue at once, so that nobody sees it as running.
  if (signal.aborted) await recoverWorker(context.db, worker, context.now());
  return { reports, unreachable, queue: await readQueue(context.db, context.now(), { targets, projects: names }) };
}

/** What a run would build, and why, without writing anything but the mirrors. */
export async function planRun(
  context: TrunkContext,
  options: RunOptions,
): Promise<{ builds: readonly PlannedBuild[]; unreachable: readonly Unreachable[]; order: Order }> {
  const projects = selectProjects(context, options);
  const targets = selectTargets(context, options);
  const { found, unreachable } = await discoverAll(context, projects, options);
  const names = projects.map(({ name }) => name);
  const builds = await planBuilds(context, found, { projects: names, targets, headOnly: options.headOnly });
  const order = options.order ? await findOrder(context, projects) : NO_ORDER;
  const rank = ({ project }: PlannedBuild) => order.priorities.get(project) ?? 0;
  return { builds: builds.sort((a, b) => rank(a) - rank(b)), unreachable, order };
}

function selectProjects(context: TrunkContext, options: RunOptions): Project[] {
  const known = new Set(context.settings.projects.map(({ name }) => name));
  for (const name of options.projects ?? [])
    if (!known.has(name))
      throw new TrunklineError('not_found', `There is no project ${name}`, {
        where: context.settings.file,
        hint: `the projects are: ${[...known].join(', ')}`,
      });
  return context.settings.projects.filter(({ name }) => options.projects?.includes(name) ?? true);
}

function selectTargets(context: TrunkContext, options: RunOptions): readonly string[] {
  for (const name of options.targets ?? []) requireTarget(context.settings, name);
  return options.targets ?? context.settings.targets.map(({ name }) => name);
}

async function discoverAll(
  context: TrunkContext,
  projects: readonly Project[],
  options: RunOptions,
): Promise<{ found: Found[]; unreachable: Unreachable[] }> {
  options.report({ kind: 'discovering', projects: projects.length });
  const found: Found[][] = projects.map(() => []);
  const unreachable: Unreachable[] = [];
  const waiting = projects.entries();
  const worker = async () => {
    for (const [index, project] of waiting) {
      if (options.signal.aborted) return;
      for (const format of FORMAT_NAMES) {
        if (!isWanted(targetsOf(context, project, format), options.targets)) continue;
        try {
          const one = await discoverProject(context, project, format, options);
          found[index]?.push(one);
          options.report({ kind: 'discovered', project: project.name, format, revisions: one.revisions.length });
        } catch (error) {
          if (isAborted(options.signal)) return;
          const message = describeError(error);
          unreachable.push({ project: project.name, message });
          options.report({ kind: 'unreachable', project: project.name, message });
          if (!(error instanceof TrunklineError)) context.log.error({ err: error, project: project.name }, message);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: FETCHES }, worker));
  return { found: found.flat(), unreachable };
}

function isWanted(targets: readonly string[], selected: readonly string[] | null): boolean {
  return targets.some((target) => selected?.includes(target) ?? true);
}

async function queueFound(
  context: TrunkContext,
  found: readonly Found[],
  order: Order,
  options: RunOptions,
): Promise<void> {
  let queued = 0;
  for (const one of found)
    queued += await recordFound(context, one, { headOnly: options.headOnly, priorities: order.priorities });
  options.report({ kind: 'queued', builds: queued });
}
