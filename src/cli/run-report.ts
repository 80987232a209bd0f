import { deliverEvents, type Trunk } from '../app/index.ts';
import { releaseSnapshots } from '../app/materialised/index.ts';
import type { AttemptReport } from '../builds/index.ts';
import { packLogs } from '../builds/logs/index.ts';
import { describeError } from '../lib/index.ts';
import { runTrunk, type RunEvent, type RunOptions, type RunSummary } from '../trunk/index.ts';
import type { ExitCode } from './command.ts';
import type { Printer } from './print.ts';

type Order = Omit<RunOptions, 'report'>;

/** Runs, telling how it goes; prints the outcome and answers the exit code. */
export async function performRun(trunk: Trunk, order: Order, print: Printer): Promise<ExitCode> {
  const progress = createProgress(print);
  const { context } = trunk;
  await deliverEvents(context);
  const summary = await runTrunk(context, { ...order, report: progress });
  const delivery = await deliverEvents(context);
  await releaseSnapshots(context);
  await packLogs(context, order.signal).catch((error: unknown) => {
    context.log.warn(`old logs could not be compressed: ${describeError(error)}`);
  });
  if (delivery.failed > 0)
    print.note(`${delivery.failed} messages could not be delivered; they are kept and tried again`);
  const code = exitCode(summary);
  print.result(summaryView(summary, code), () => {
    printSummary(print, summary);
  });
  return code;
}

/** 1 outweighs 2: somebody has to look at a failure; a retry comes by itself. */
function exitCode({ reports, unreachable, queue }: RunSummary): ExitCode {
  const failed = reports.some(
    ({ failure, retryAt, fatal, untilMended }) => fatal || untilMended || (failure !== null && retryAt === null),
  );
  if (failed || unreachable.length > 0) return 1;
  return queue.waiting + queue.ready > 0 ? 2 : 0;
}

function summaryView({ reports, unreachable, queue }: RunSummary, exit: ExitCode) {
  return {
    exitCode: exit,
    builds: reports.map(({ build, attempt, revision, failure, retryAt, timings }) => ({
      id: build.id,
      project: build.project,
      target: build.target,
      commit: revision.upstream.hash,
      attempt: attempt.number,
      result: failure === null ? 'success' : 'failure',
      reason: failure?.reason ?? null,
      detail: failure?.detail ?? null,
      retryAt: retryAt === null ? null : new Date(retryAt).toISOString(),
      timings,
    })),
    unreachable,
    queue,
  };
}

function printSummary(print: Printer, { reports, unreachable, queue }: RunSummary): void {
  const failed = reports.filter(({ failure }) => failure !== null).length;
  const waiting = queue.waiting + queue.ready;
  const parts = [`${reports.length - failed} succeeded`, `${failed} failed`];
  if (waiting > 0) parts.push(`${waiting} wait for a retry`);
  if (unreachable.length > 0) parts.push(`${unreachable.length} projects could not be read`);
  print.line(reports.length === 0 && waiting === 0 && unreachable.length === 0 ? 'Nothing new.' : parts.join(', '));
}

function createProgress(print: Printer): (event: RunEvent) => void {
  let running = 0;
  let left = 0;
  return (event) => {
    if (event.kind === 'started') running += 1;
    if (event.kind === 'queued') left = event.builds;
    if (event.kind === 'finished') {
      running -= 1;
      left = Math.max(0, left - 1);
    }
    const line = describe(event, print);
    if (line !== null) print.note(line);
    if (running > 0) print.status(`${running} building, ${Math.max(left - running, 0)} waiting`);
  };
}

function describe(event: RunEvent, print: Printer): string | null {
  switch (event.kind) {
    case 'discovering':
      return null;
    case 'unreachable':
      return `${event.project}: ${event.message}`;
    case 'discovered':
      return event.revisions === 0 ? null : `${event.project}: ${event.revisions} new to build as ${event.format}`;
    case 'recovered':
      return `${event.attempts} attempts that were interrupted go on`;
    case 'unpinned':
      return `${event.project} is not pinned any more for ${event.target}: its time has passed`;
    case 'cycle':
      return `these projects need each other, so no order satisfies all: ${event.projects.join(', ')}`;
    case 'queued':
      return event.builds === 0 ? null : `${event.builds} builds`;
    case 'started':
      print.status(`building ${event.build.project} for ${event.build.target}`);
      return null;
    case 'finished':
      return finishedLine(event.report);
  }
}

function finishedLine({ build, revision, failure, retryAt, timings }: AttemptReport): string {
  const what = `${build.project} ${revision.upstream.hash.slice(0, 10)} for ${build.target} (build ${build.id})`;
  const seconds = `${(timings.total ?? 0).toFixed(1)} s`;
  if (failure === null) return `ok       ${what}, ${seconds}`;
  const again = retryAt === null ? '' : `; tried again after ${new Date(retryAt).toISOString().slice(11, 19)} UTC`;
  return `FAILED   ${what}, ${seconds}: ${failure.reason}: ${failure.detail}${again}`;
}
