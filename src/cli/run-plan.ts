import type { Trunk } from '../app/index.ts';
import { planRun, type RunOptions } from '../trunk/index.ts';
import type { ExitCode } from './command.ts';
import type { Printer } from './print.ts';

const WHY: Readonly<Record<string, string>> = {
  first: 'never built',
  new_commit: 'new commit',
  new_packaging: 'new packaging commit',
  history_rewritten: 'the branch was rewritten',
  new_target: 'new target',
  initial: 'in the queue',
  retry: 'in the queue: retry',
  recheck: 'in the queue: recheck',
  force: 'in the queue: forced rebuild',
};

/** Prints what a run would build, and why. Answers 1 when a project could not be read. */
export async function printPlan(trunk: Trunk, order: Omit<RunOptions, 'report'>, print: Printer): Promise<ExitCode> {
  const plan = await planRun(trunk.context, {
    ...order,
    report: (event) => {
      if (event.kind === 'unreachable') print.note(`${event.project}: ${event.message}`);
    },
  });
  const { builds, unreachable } = plan;
  print.result({ builds, unreachable, cycles: plan.order.cycles }, () => {
    print.table(
      ['PROJECT', 'TARGET', 'COMMIT', 'WHY', 'SUBJECT'].map((title) => ({ title })),
      builds.map((row) => [
        row.project,
        row.target,
        row.commit.slice(0, 10),
        row.skipped ? 'skipped: --head-only' : (WHY[row.why] ?? row.why),
        row.subject,
      ]),
    );
    for (const circle of plan.order.cycles) print.line(`these need each other: ${circle.join(', ')}`);
  });
  return unreachable.length > 0 ? 1 : 0;
}
