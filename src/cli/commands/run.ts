import { defineCommand, wholeNumber, type ExitCode } from '../command.ts';

interface Options {
  project?: string[];
  target?: string[];
  headOnly?: boolean;
  since?: string;
  order?: boolean;
  dryRun?: boolean;
  stopOnFailure?: boolean;
  jobs?: number;
}

export const run = defineCommand<Options>({
  path: ['run'],
  summary: 'discover new commits, build what is new, publish, and exit',
  details: [
    'A project that was never built starts at the head of its branch, or at --since. Every later commit is built.',
    'Exit codes: 0 all good; 1 a build failed or a project could not be read; 2 something waits for a retry.',
  ].join('\n'),
  options: [
    { flags: '--project <NAME...>', description: 'only these projects' },
    { flags: '--target <NAME...>', description: 'only these targets' },
    {
      flags: '--head-only',
      description: 'of each project’s new commits, build the newest; the others are recorded as skipped',
    },
    { flags: '--since <COMMIT|DATE>', description: 'where a project that was never built starts' },
    { flags: '--order', description: 'build what others need first, by the packages’ own requirements' },
    { flags: '--dry-run', description: 'print what would be built, and why; build nothing' },
    { flags: '--stop-on-failure', description: 'begin no further build after one has failed' },
    {
      flags: '--jobs <N>',
      description: 'builds at once (default: jobs in the configuration)',
      parse: wholeNumber('--jobs', 1, 256),
    },
  ],
  run: async ({ print, settings, options, signal }): Promise<ExitCode> => {
    const { openForWriting, openForPlanning } = await import('../../app/index.ts');
    const { performRun } = await import('../run-report.ts');
    const { printPlan } = await import('../run-plan.ts');
    const read = await settings();
    const trunk = options.dryRun ? await openForPlanning(read) : await openForWriting(read);
    const order = {
      projects: options.project ?? null,
      targets: options.target ?? null,
      headOnly: options.headOnly ?? false,
      since: options.since ?? null,
      order: options.order ?? false,
      stopOnFailure: options.stopOnFailure ?? false,
      jobs: options.jobs ?? read.jobs,
      signal,
    };
    try {
      return options.dryRun ? await printPlan(trunk, order, print) : await performRun(trunk, order, print);
    } finally {
      await trunk.close();
    }
  },
});
