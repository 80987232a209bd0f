import { defineCommand } from '../command.ts';
import type { WantedOptions } from '../taking.ts';
import { TESTED_OPTIONS } from '../tested-options.ts';

export const lastGood = defineCommand<WantedOptions>({
  path: ['last-good'],
  summary: 'find the newest snapshot or build that all of some CI jobs have found good',
  details: 'Each job’s last verdict has to be a success. Exit code 1 when nothing fits.',
  args: [
    { name: 'TARGET', description: 'the target' },
    { name: 'JOB', description: 'a job that has to have found it good', variadic: true },
  ],
  options: TESTED_OPTIONS,
  run: async ({ args, print, settings, options }) => {
    const { openForReading, openForWriting } = await import('../../app/index.ts');
    const { findLastGood } = await import('../../promotion/index.ts');
    const { printTested, takerOf, wantedOf } = await import('../taking.ts');
    const read = await settings();
    const taker = takerOf(options);
    const [target = '', ...jobs] = args;
    const wanted = { ...wantedOf(target, options), jobs: jobs.map((job) => job ?? '') };
    const trunk = await (taker === null ? openForReading(read) : openForWriting(read));
    try {
      return printTested(print, await findLastGood(trunk.context, wanted, taker), Date.now());
    } finally {
      await trunk.close();
    }
  },
});
