import { defineCommand } from '../command.ts';
import { REF_OPTIONS, type RefOptions } from '../ref-options.ts';

export const refSet = defineCommand<RefOptions>({
  path: ['ref', 'set'],
  summary: 'point a ref at a snapshot; a new name makes a ref',
  details: [
    'current and consistent follow the trunk, so they, and those of protected_refs, are moved by hand with --force only.',
    'The next success builds on what current then is: it brings its own project forward and leaves the others as they are there.',
  ].join('\n'),
  args: [
    { name: 'TARGET/NAME', description: 'the ref' },
    { name: 'SNAPSHOT', description: 'its hash, eight digits of it or more, or the name of a ref that points at it' },
  ],
  options: REF_OPTIONS,
  run: async (given) => {
    const { setRef } = await import('../../promotion/index.ts');
    const { changeRef } = await import('../change-ref.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const { args, print } = given;
    const [name = '', snapshot = ''] = args;
    const moved = await changeRef<ReturnType<typeof refMoveView> | null>(given, {
      alone: async (context, subject, order) => {
        const move = await setRef(context, subject, snapshot, order);
        return move && refMoveView(move);
      },
      server: async (client, ref, how) => (await client.post('setRef', ref, { snapshot, ...how })).move,
    });
    print.result(moved, () => {
      if (moved !== null) print.line(`${name} points at ${moved.to ?? ''}`);
    });
    if (moved === null) print.note(`${name} points there already`);
    return 0;
  },
});
