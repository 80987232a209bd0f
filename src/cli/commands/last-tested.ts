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
    const { openForReading, openForWriting } = await import('../../app/index.ts');
    const { findLastTested } = await import('../../promotion/index.ts');
    const { printTested, takerOf, wantedOf } = await import('../taking.ts');
    const read = await settings();
    const taker = takerOf(options);
    const wanted = {
      ...wantedOf(args[0] ?? '', options),
      job: options.job ?? null,
      result: options.result ?? null,
    };
    const trunk = await (taker === null ? openForReading(read) : openForWriting(read));
    try {
      return printTested(print, await findLastTested(trunk.context, wanted, taker), Date.now());
    } finally {
      await trunk.close();
    }
  },
});
