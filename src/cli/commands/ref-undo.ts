import { defineCommand } from '../command.ts';
import { REF_OPTIONS, type RefOptions } from '../ref-options.ts';

export const refUndo = defineCommand<RefOptions>({
  path: ['ref', 'undo'],
  summary: 'point a ref back at where its last move came from',
  details:
    'Undoing twice leads back again, and a ref that was removed is there again: trunkline ref history shows the moves, trunkline ref set goes further back.',
  args: [{ name: 'TARGET/NAME', description: 'the ref' }],
  options: REF_OPTIONS,
  run: async (given) => {
    const { undoRef } = await import('../../promotion/index.ts');
    const { changeRef } = await import('../change-ref.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const { args, print } = given;
    const moved = await changeRef<ReturnType<typeof refMoveView>>(given, {
      alone: async (context, subject, order) => refMoveView(await undoRef(context, subject, order)),
      server: (client, ref, how) => client.post('undoRef', ref, how),
    });
    print.result(moved, () => {
      print.line(`${args[0] ?? ''} points at ${moved.to ?? ''} again`);
    });
    return 0;
  },
});
