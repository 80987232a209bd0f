import { defineCommand } from '../command.ts';

export const snapshotMaterialise = defineCommand<Record<string, never>>({
  path: ['snapshot', 'materialise'],
  summary: 'make the files of an old snapshot again, so that clients can install from it',
  details:
    'They stay for materialised.grace of the configuration; trunkline hold add, or a ref, keeps them for as long as it is there.',
  args: [{ name: 'TARGET/SNAPSHOT', description: 'its hash, eight digits of it or more, or a ref that points at it' }],
  run: async ({ args, print, settings }) => {
    const { openForWriting } = await import('../../app/index.ts');
    const { materialiseSnapshot } = await import('../../app/materialised/index.ts');
    const { parseSubject } = await import('../../promotion/index.ts');
    const { actor } = await import('../order.ts');
    const { isoTime, time } = await import('../views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const trunk = await openForWriting(read);
    try {
      const { until, ...made } = await materialiseSnapshot(trunk.context, subject, { actor: actor() });
      print.result({ ...made, until: isoTime(until) }, () => {
        print.line(made.directory);
        if (made.url !== `file://${made.directory}/`) print.line(made.url);
        print.line(`stays until ${time(until) ?? ''} at least`);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
