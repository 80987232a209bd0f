import type { Removal } from '../../app/collect/index.ts';
import { defineCommand, TOKEN_FILE } from '../command.ts';
import type { Printer } from '../print.ts';
import { RETENTION_OPTIONS, type RetentionOptions } from '../retention-options.ts';

interface Options extends RetentionOptions {
  tokenFile?: string;
  dryRun?: boolean;
  now?: boolean;
}

export const gc = defineCommand<Options>({
  path: ['gc'],
  summary: 'announce what nothing keeps, and remove what was announced and whose time has come',
  details: [
    'Kept: what a ref points at, what is held, pinned or being built against, each project’s newest success, and what is new.',
    'What goes is announced gc.grace before, and the maintainers of the projects concerned get one mail. Logs stay, and what was is known for good.',
  ].join('\n'),
  args: [{ name: 'TARGET', description: 'only of this target', optional: true }],
  options: [
    ...RETENTION_OPTIONS,
    { flags: '--dry-run', description: 'say what would be done; do nothing' },
    { flags: '--now', description: 'remove at once what nobody was told of' },
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options, signal }) => {
    const { collected, retentionOf } = await import('../collecting.ts');
    const { time } = await import('../views.ts');
    const read = await settings();
    const order = {
      target: args[0] ?? null,
      ...retentionOf(read, options),
      ...{ dryRun: options.dryRun ?? false, immediate: options.now ?? false },
    };
    const { targets, caches } = await collected(read, options, order, { print, signal });
    const { dryRun } = order;
    print.result({ dryRun, targets, caches }, () => {
      for (const one of targets) {
        print.line(`${print.paint('bold', one.target)}: ${one.kept} snapshots are kept`);
        tell(print, dryRun ? 'would be removed' : 'removed', one.removed);
        const goes = time(Date.parse(one.announced.goesAt)) ?? '';
        tell(print, `${dryRun ? 'would go' : 'go'} on ${goes}`, one.announced);
        if (one.announced.told.length > 0) print.line(`  told: ${one.announced.told.join(', ')}`);
        if (one.waiting.length > 0) print.line(`  ${one.waiting.length} snapshots go later, as announced`);
        if (one.withdrawn.length > 0) print.line(`  ${one.withdrawn.length} snapshots stay after all`);
      }
      for (const path of caches) print.line(`${dryRun ? 'would be removed' : 'removed'}: ${path}`);
    });
    return 0;
  },
});

function tell(print: Printer, what: string, { snapshots, packages, size }: Removal): void {
  if (snapshots.length + packages.length === 0) return;
  const megabytes = (size / 1e6).toFixed(1);
  print.line(`  ${snapshots.length} snapshots and ${packages.length} packages (${megabytes} MB) ${what}`);
}
