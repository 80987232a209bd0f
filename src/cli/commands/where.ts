import { defineCommand } from '../command.ts';

export const where = defineCommand<Record<string, never>>({
  path: ['where'],
  summary: 'which builds, repositories and refs carry a commit',
  args: [{ name: 'COMMIT', description: 'an upstream or packaging commit; four digits of its hash are enough' }],
  run: async ({ args, print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { findCommit } = await import('../../trunk/index.ts');
    const { buildView, stateCell } = await import('../views.ts');
    const trunk = await openForReading(await settings());
    try {
      const places = await findCommit(trunk.context, args[0] ?? '');
      const views = places.map(({ directory, packages, refs, ...found }) => ({
        ...buildView(found),
        directory,
        packages,
        refs,
      }));
      print.result(views, () => {
        print.table(
          ['BUILD', 'PROJECT', 'TARGET', 'STATE', 'REFS', 'DIRECTORY'].map((title) => ({ title })),
          places.map(({ build, directory, refs }) => [
            build.id,
            build.project,
            build.target,
            stateCell(build.state, build.result, build.reason),
            refs.length === 0 ? null : refs.join(' '),
            directory,
          ]),
        );
        for (const { build, packages } of places)
          for (const { fullName } of packages) print.line(`  build ${build.id}: ${fullName}`);
      });
      if (places.length === 0) print.note(`No build is made of a commit that begins with ${args[0] ?? ''}`);
      return places.length === 0 ? 1 : 0;
    } finally {
      await trunk.close();
    }
  },
});
