import type { ShownSnapshot } from '../../trunk/index.ts';
import { defineCommand } from '../command.ts';
import type { Printer } from '../print.ts';

export const snapshotShow = defineCommand<Record<string, never>>({
  path: ['snapshot', 'show'],
  summary: 'show a snapshot: what made it, what points at it, its packages',
  args: [{ name: 'TARGET/SNAPSHOT', description: 'its hash, eight digits of it or more, or a ref that points at it' }],
  run: async ({ args, print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { parseSubject } = await import('../../promotion/index.ts');
    const { showSnapshot } = await import('../../trunk/index.ts');
    const { snapshotView } = await import('../snapshot-views.ts');
    const { time } = await import('../views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const trunk = await openForReading(read);
    try {
      const snapshot = await showSnapshot(trunk.context, subject);
      const { materialised, packages } = snapshot;
      print.result({ ...snapshotView(snapshot), materialised, packages }, () => {
        printSnapshot(print, snapshot, time);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

function printSnapshot(print: Printer, snapshot: ShownSnapshot, time: (at: number | null) => string | null): void {
  const { build, refs, holds, goneAt, goesAt, packages } = snapshot;
  print.line(`${print.paint('bold', snapshot.hash)} of ${snapshot.target}`);
  print.line(`  made      ${time(snapshot.createdAt) ?? ''}, ${snapshot.packageCount} packages`);
  if (snapshot.parentHash !== null) print.line(`  after     ${snapshot.parentHash}`);
  if (build !== null) {
    const { hash, subject } = build.revision.upstream;
    print.line(`  build     ${build.build.id} of ${build.build.project}: ${hash.slice(0, 10)} ${subject}`);
  }
  if (refs.length > 0) print.line(`  refs      ${refs.join(' ')}`);
  for (const reason of holds) print.line(`  held      ${reason}`);
  if (goneAt !== null) print.line(`  removed   ${time(goneAt) ?? ''}`);
  else if (goesAt !== null) print.line(`  goes      ${time(goesAt) ?? ''}, unless something needs it by then`);
  if (goneAt === null && !snapshot.materialised)
    print.line(
      `  files     none: trunkline snapshot materialise ${snapshot.target}/${snapshot.hash.slice(0, 12)} makes them`,
    );
  if (packages.length === 0) return;
  print.line();
  print.table(
    [{ title: 'PROJECT' }, { title: 'PACKAGE' }, { title: 'KIND' }, { title: 'BYTES', align: 'right' }],
    packages.map(({ project, fullName, kind, size }) => [project, fullName, kind, size]),
  );
}
