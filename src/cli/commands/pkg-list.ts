import { defineCommand } from '../command.ts';

interface Options {
  target?: string;
  project?: string;
  ref: string;
}

export const pkgList = defineCommand<Options>({
  path: ['pkg', 'list'],
  summary: 'list the packages that a ref has, with what they come from',
  options: [
    { flags: '--target <NAME>', description: 'only of this target' },
    { flags: '--project <NAME>', description: 'only of this project' },
    { flags: '--ref <NAME>', description: 'the ref that is read', default: 'current' },
  ],
  run: async ({ print, settings, options }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { listContents } = await import('../../builds/intake/index.ts');
    const trunk = await openForReading(await settings());
    try {
      const { target = null, project = null, ref } = options;
      const found = await listContents(trunk.context, { target, project, ref });
      print.result(found, () => {
        print.table(
          [
            ...['TARGET', 'PROJECT', 'PACKAGE', 'KIND'].map((title) => ({ title })),
            { title: 'BYTES', align: 'right' as const },
            ...['FROM', 'SHA-256'].map((title) => ({ title })),
          ],
          found.map((one) => [
            ...[one.target, one.project, one.fullName, one.kind, one.size],
            ...[one.origin, one.sha256.slice(0, 16)],
          ]),
        );
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
