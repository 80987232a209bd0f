import { defineCommand } from '../command.ts';

export const holdList = defineCommand<Record<string, never>>({
  path: ['hold', 'list'],
  summary: 'list the snapshots that are held, and why',
  args: [{ name: 'TARGET', description: 'only of this target', optional: true }],
  run: async ({ args, print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { requireTarget } = await import('../../builds/index.ts');
    const { holdsOf } = await import('../../promotion/index.ts');
    const { holdView } = await import('../keeping-views.ts');
    const { time } = await import('../views.ts');
    const read = await settings();
    const target = args[0] === undefined ? null : requireTarget(read, args[0]).name;
    const trunk = await openForReading(read);
    try {
      const holds = await holdsOf(trunk.context, target);
      print.result(holds.map(holdView), () => {
        print.table(
          ['TARGET', 'SNAPSHOT', 'SINCE', 'UNTIL', 'WHO', 'WHY'].map((title) => ({ title })),
          holds.map((hold) => [
            hold.target,
            hold.snapshotHash.slice(0, 12),
            time(hold.createdAt),
            time(hold.until),
            hold.actor,
            hold.reason,
          ]),
        );
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
