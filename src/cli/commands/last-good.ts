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
    const { findLastGood } = await import('../../promotion/index.ts');
    const { findTested, printTested, together, wantedOf, wantedQuery } = await import('../taking.ts');
    const [target = '', ...named] = args;
    const jobs = named.map((job) => job ?? '');
    const tested = await findTested(await settings(), options, {
      here: (context, taker) => findLastGood(context, { ...wantedOf(target, options), jobs }, taker),
      taken: (client, taking) =>
        client.post('takeLastGood', { target, ...wantedQuery(options), jobs: together(jobs) }, taking),
    });
    return printTested(print, tested);
  },
});
