import type { ProjectCommits } from '../../trunk/index.ts';
import { defineCommand } from '../command.ts';
import type { Printer } from '../print.ts';

export const snapshotDiff = defineCommand<Record<string, never>>({
  path: ['snapshot', 'diff'],
  summary: 'what changed between two snapshots: packages, and the commits between',
  args: [
    { name: 'TARGET/A', description: 'a snapshot’s hash, eight digits of it or more, or a ref that points at it' },
    { name: 'B', description: 'another one of the target, with or without the target before it' },
  ],
  run: async ({ args, print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { parseSubject } = await import('../../promotion/index.ts');
    const { compareSnapshots } = await import('../../trunk/index.ts');
    const { isoTime } = await import('../views.ts');
    const read = await settings();
    const first = parseSubject(read, args[0] ?? '');
    const other = args[1] ?? '';
    const second = parseSubject(read, other.includes('/') ? other : `${first.target.name}/${other}`);
    const trunk = await openForReading(read);
    try {
      const { before, after, changes, projects } = await compareSnapshots(trunk.context, first, second);
      const end = ({ hash, createdAt }: { hash: string; createdAt: number }) => ({
        hash,
        createdAt: isoTime(createdAt),
      });
      print.result({ target: before.target, before: end(before), after: end(after), changes, projects }, () => {
        print.table(
          ['CHANGE', 'PROJECT', 'PACKAGE', 'KIND', 'ARCH', 'FROM', 'TO'].map((title) => ({ title })),
          changes.map(({ change, project, name, kind, arch, before: from, after: to }) => [
            { text: change, style: change === 'down' || change === 'removed' ? 'yellow' : 'green' },
            ...[project, name, kind, arch, from, to],
          ]),
        );
        for (const project of projects) printCommits(print, project);
      });
      if (changes.length === 0) print.note('No package changed.');
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

function printCommits(print: Printer, { project, added, removed, before, after }: ProjectCommits): void {
  if (added.length + removed.length === 0) return;
  print.line();
  const range = [before, after].map((commit) => commit?.hash.slice(0, 10) ?? '').join('..');
  print.line(`${print.paint('bold', project)} ${range}`);
  for (const { hash, subject } of removed) print.line(`  - ${hash.slice(0, 10)} ${subject}`);
  for (const { hash, subject } of added) print.line(`  + ${hash.slice(0, 10)} ${subject}`);
}
