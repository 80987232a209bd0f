import { defineCommand } from '../command.ts';

interface Options {
  refresh?: boolean;
}

export const targetPrepare = defineCommand<Options>({
  path: ['target', 'prepare'],
  summary: 'make or refresh what builds for a target start from',
  details: 'What is there already is kept, unless --refresh asks for a new one.',
  args: [{ name: 'NAME', description: 'these targets (default: all)', optional: true, variadic: true }],
  options: [{ flags: '--refresh', description: 'make it anew from what the base repositories have now' }],
  run: async ({ args, print, settings, options, signal }) => {
    const { openForWriting } = await import('../../app/index.ts');
    const { requireBuilder, requireTarget } = await import('../../builds/index.ts');
    const read = await settings();
    const names = args.filter((name) => name !== undefined);
    const targets = names.length === 0 ? read.targets : names.map((name) => requireTarget(read, name));
    const trunk = await openForWriting(read);
    try {
      const prepared: { target: string; seconds: number }[] = [];
      for (const target of targets) {
        const started = performance.now();
        const report = (message: string) => {
          print.note(`${target.name}: ${message}`);
        };
        await requireBuilder(trunk.context, target).prepare(target, {
          refresh: options.refresh ?? false,
          report,
          signal,
        });
        prepared.push({ target: target.name, seconds: (performance.now() - started) / 1000 });
      }
      print.result(prepared, () => {
        for (const { target, seconds } of prepared) print.line(`${target} is ready (${seconds.toFixed(1)} s)`);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
