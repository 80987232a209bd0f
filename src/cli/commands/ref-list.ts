import { defineCommand } from '../command.ts';

export const refList = defineCommand<Record<string, never>>({
  path: ['ref', 'list'],
  summary: 'list refs, and the snapshots they point at',
  args: [{ name: 'TARGET', description: 'only of this target', optional: true }],
  run: async ({ args, print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { requireTarget } = await import('../../builds/index.ts');
    const { isProtected, refsOf } = await import('../../promotion/index.ts');
    const { isoTime, time } = await import('../views.ts');
    const read = await settings();
    const target = args[0] === undefined ? null : requireTarget(read, args[0]).name;
    const trunk = await openForReading(read);
    try {
      const refs = await refsOf(trunk.context, target);
      const views = refs.map(({ movedAt, snapshotHash, ...ref }) => ({
        ...ref,
        snapshot: snapshotHash,
        movedAt: isoTime(movedAt),
        protected: isProtected(read, ref.name),
      }));
      print.result(views, () => {
        print.table(
          ['TARGET', 'REF', 'SNAPSHOT', 'MOVED', 'PROTECTED'].map((title) => ({ title })),
          refs.map(({ target: of, name, snapshotHash, movedAt }) => [
            of,
            name,
            snapshotHash.slice(0, 12),
            time(movedAt),
            isProtected(read, name) ? 'yes' : null,
          ]),
        );
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
