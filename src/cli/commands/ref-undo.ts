import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
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
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options }) => {
    const { parseSubject, undoRef } = await import('../../promotion/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { refOrder } = await import('../order.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const order = refOrder(options);
    const { reason, force } = order;
    const ref = { target: subject.target.name, ref: subject.name };
    const { done: moved } = await onServerOrAlone<ReturnType<typeof refMoveView>>(read, options, {
      alone: async ({ context }) => refMoveView(await undoRef(context, subject, order)),
      server: (client) => client.post('undoRef', ref, { reason, force }),
    });
    print.result(moved, () => {
      print.line(`${args[0] ?? ''} points at ${moved.to ?? ''} again`);
    });
    return 0;
  },
});
