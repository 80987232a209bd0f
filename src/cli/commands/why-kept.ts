import { defineCommand } from '../command.ts';
import { RETENTION_OPTIONS, type RetentionOptions } from '../retention-options.ts';

export const whyKept = defineCommand<RetentionOptions>({
  path: ['why-kept'],
  summary: 'what keeps a snapshot or a package from trunkline gc',
  details: [
    'By the rule of the configuration (gc.older_than, gc.keep_last), or of the options: ask as trunkline gc is asked.',
    'Beside a server, which collects while builds are made, also what a ref pointed at a moment ago is kept.',
  ].join('\n'),
  args: [{ name: 'WHAT', description: 'TARGET/SNAPSHOT, or a package’s full name or SHA-256' }],
  options: RETENTION_OPTIONS,
  run: async ({ args, print, settings, options }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { explainKept } = await import('../../app/collect/index.ts');
    const { isoTime, time } = await import('../views.ts');
    const { mayBeBeside, retentionOf } = await import('../collecting.ts');
    const read = await settings();
    const rule = { ...retentionOf(read, options), beside: await mayBeBeside(read) };
    const trunk = await openForReading(read);
    try {
      const answers = await explainKept(trunk.context, args[0] ?? '', rule);
      const views = answers.map(({ goesAt, goneAt, ...rest }) => ({
        ...rest,
        goesAt: isoTime(goesAt),
        goneAt: isoTime(goneAt),
      }));
      print.result(views, () => {
        for (const { kind, target, name, reasons, holdable, goesAt, goneAt } of answers) {
          print.line(`${print.paint('bold', name)} of ${target}`);
          for (const { snapshot, why } of reasons)
            print.line(kind === 'snapshot' ? `  ${why}` : `  is in ${snapshot.slice(0, 12)}: ${why}`);
          if (goneAt !== null) print.line(`  was removed ${time(goneAt) ?? ''}`);
          else if (goesAt !== null) print.line(`  nothing keeps it: it goes ${time(goesAt) ?? ''}`);
          else if (reasons.length === 0) print.line('  nothing keeps it: the next trunkline gc announces that it goes');
          const [held] = holdable;
          if (held !== undefined) print.line(`  trunkline hold add ${target}/${held.slice(0, 12)} --reason … keeps it`);
        }
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
