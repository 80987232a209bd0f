import { defineCommand } from '../command.ts';

export const targetCheck = defineCommand<Record<string, never>>({
  path: ['target', 'check'],
  summary: 'say for each target what this machine lacks, and how to get it',
  args: [{ name: 'NAME', description: 'only these targets', optional: true, variadic: true }],
  run: async ({ args, print, settings }) => {
    const { checkTargets } = await import('../../app/index.ts');
    const results = await checkTargets(
      await settings(),
      args.filter((name) => name !== undefined),
    );
    print.result(results, () => {
      for (const { target, builder, missing } of results) {
        print.line(
          `${target} (${builder}): ${missing.length === 0 ? print.paint('green', 'ready') : print.paint('red', 'not ready')}`,
        );
        for (const { what, remedy } of missing) print.line(`  ${what}\n    get it with: ${remedy}`);
      }
    });
    return results.every(({ missing }) => missing.length === 0) ? 0 : 1;
  },
});
