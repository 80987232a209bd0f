import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
  force?: boolean;
}

export const refUndo = defineCommand<Options>({
  path: ['ref', 'undo'],
  summary: 'point a ref back at where its last move came from',
  details:
    'Undoing twice leads back again, and a ref that was removed is there again: trunkline ref history shows the moves, trunkline ref set goes further back.',
  args: [{ name: 'TARGET/NAME', description: 'the ref' }],
  options: [
    { flags: '--reason <TEXT>', description: 'why; it is kept with the move' },
    { flags: '--force', description: 'move a protected ref too' },
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForWriting } = await import('../../app/index.ts');
    const { parseSubject, undoRef } = await import('../../promotion/index.ts');
    const { refOrder } = await import('../order.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const order = refOrder(options);
    const trunk = await openForWriting(read);
    try {
      const moved = await undoRef(trunk.context, subject, order);
      print.result(refMoveView(moved), () => {
        print.line(`${args[0] ?? ''} points at ${moved.toHash ?? ''} again`);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
