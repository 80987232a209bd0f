import { defineCommand } from '../command.ts';

export const restore = defineCommand<Record<string, never>>({
  path: ['restore'],
  summary: 'make an empty data directory and database what they were when a backup was made',
  details: [
    'The configuration says where to: the backup’s own is its trunkline.yaml. Every package is compared with its digest.',
    'Exit code 1 when a package is missing or damaged: it is named and left out. An upload of the same file brings it back.',
  ].join('\n'),
  args: [{ name: 'SRC', description: 'what trunkline backup made' }],
  run: async ({ args, print, settings, signal }) => {
    const { restore: bringBack } = await import('../../app/backup/index.ts');
    const { actor } = await import('../order.ts');
    const restored = await bringBack(await settings(), {
      source: args[0] ?? '',
      actor: actor(),
      report: (what) => {
        print.status(what);
      },
      signal,
    });
    const { damaged, unfinished } = restored;
    print.result(restored, () => {
      print.line(`${restored.dataDir}: ${restored.packages} packages as of ${restored.madeAt}`);
      for (const { target, fullName, file, what } of damaged)
        print.line(`${what}: ${fullName} of ${target}: ${file} (upload that file again: trunkline pkg upload)`);
      if (unfinished !== null) print.line(`refs have no files yet: ${unfinished}; trunkline run makes them`);
    });
    print.note('trunkline target prepare makes the roots to build in, trunkline repo verify looks at a repository');
    return damaged.length === 0 && unfinished === null ? 0 : 1;
  },
});
