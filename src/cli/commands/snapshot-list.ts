import { defineCommand, wholeNumber } from '../command.ts';

interface Options {
  limit?: number;
  before?: string;
  gone?: boolean;
}

export const snapshotList = defineCommand<Options>({
  path: ['snapshot', 'list'],
  summary: 'list snapshots, the last made first',
  args: [{ name: 'TARGET', description: 'only of this target', optional: true }],
  options: [
    { flags: '--limit <N>', description: 'at most this many (default 30)', parse: wholeNumber('--limit', 1, 10_000) },
    { flags: '--before <SNAPSHOT>', description: 'only those made before this one of the target' },
    { flags: '--gone', description: 'those that trunkline gc removed, too' },
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { requireTarget } = await import('../../builds/index.ts');
    const { listSnapshotsOf } = await import('../../trunk/index.ts');
    const { SNAPSHOT_COLUMNS, snapshotBefore, snapshotRow, snapshotView } = await import('../snapshot-views.ts');
    const read = await settings();
    const target = args[0] === undefined ? null : requireTarget(read, args[0]);
    const trunk = await openForReading(read);
    try {
      const before = await snapshotBefore(trunk, target, options.before);
      const filter = { limit: options.limit ?? 30, gone: options.gone ?? false, ...before };
      const snapshots = await listSnapshotsOf(trunk.context, target?.name ?? null, filter);
      print.result(snapshots.map(snapshotView), () => {
        print.table(SNAPSHOT_COLUMNS, snapshots.map(snapshotRow));
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
