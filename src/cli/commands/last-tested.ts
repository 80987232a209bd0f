import { defineCommand } from '../command.ts';
import type { WantedOptions } from '../taking.ts';
import { TESTED_OPTIONS } from '../tested-options.ts';

interface Options extends WantedOptions {
  job?: string;
  result?: 'success' | 'failure';
}

export const lastTested = defineCommand<Options>({
  path: ['last-tested'],
  summary: 'find the newest snapshot or build that a CI job has said something of',
  details: [
    'A job’s last verdict on a thing counts; what was removed by trunkline gc is left out. Exit code 1 when nothing fits.',
    'In a pipeline name the job that comes before with --job: what it has found good is what you test next.',
  ].join('\n'),
  args: [{ name: 'TARGET', description: 'the target' }],
  options: [
    { flags: '--job <NAME>', description: 'only verdicts of this job' },
    { flags: '--result <RESULT>', description: 'only these verdicts', choices: ['success', 'failure'] },
    ...TESTED_OPTIONS,
  ],
  run: async ({ args, print, settings, options }) => {
    const { findLastTested } = await import('../../promotion/index.ts');
    const { findTested, printTested, wantedOf, wantedQuery } = await import('../taking.ts');
    const target = args[0] ?? '';
    const { job, result } = options;
    const wanted = { ...wantedOf(target, options), job: job ?? null, result: result ?? null };
    const verdict = { ...(job === undefined ? {} : { job }), ...(result === undefined ? {} : { result }) };
    const tested = await findTested(await settings(), options, {
      here: (context, taker) => findLastTested(context, wanted, taker),
      taken: (client, taking) => client.post('takeLastTested', { target, ...wantedQuery(options), ...verdict }, taking),
    });
    return printTested(print, tested);
  },
});
