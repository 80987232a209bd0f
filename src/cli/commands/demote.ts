import { defineCommand, TOKEN_FILE, wholeNumber } from '../command.ts';

interface Options {
  tokenFile?: string;
  reason?: string;
  promotion?: number;
}

export const demote = defineCommand<Options>({
  path: ['demote'],
  summary: 'take the last promotion under a name back: the ref points where it did before',
  details: 'Both stay in the history. Done again, it takes back the promotion before that one.',
  args: [{ name: 'TARGET/NAME', description: 'the name that was promoted to' }],
  options: [
    { flags: '--reason <TEXT>', description: 'why; it is kept with the promotion' },
    {
      flags: '--promotion <ID>',
      description: 'refuse unless this is the promotion that stands',
      parse: wholeNumber('--promotion', 1, Number.MAX_SAFE_INTEGER),
    },
    TOKEN_FILE,
  ],
  run: async (given) => {
    const { demote: takeBack } = await import('../../promotion/index.ts');
    const { changeRef } = await import('../change-ref.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const { promotionView } = await import('../vote-views.ts');
    const { args, print, options } = given;
    const { promotion: expected } = options;
    interface Done {
      promotion: ReturnType<typeof promotionView>;
      move: ReturnType<typeof refMoveView> | null;
    }
    const { promotion, move } = await changeRef<Done>(given, {
      alone: async (context, subject, order) => {
        const done = await takeBack(context, subject, { ...order, ...(expected === undefined ? {} : { expected }) });
        return { promotion: promotionView(done.promotion), move: done.move && refMoveView(done.move) };
      },
      server: async (client, ref, { reason }) => {
        const body = { reason, ...(expected === undefined ? {} : { promotion: expected }) };
        const { move: moved, ...ended } = await client.post('demote', ref, body);
        return { promotion: ended, move: moved };
      },
    });
    print.result({ promotion, move }, () => {
      print.line(`Promotion ${promotion.id} of ${args[0] ?? ''} is taken back`);
      if (move === null) print.line('  the ref stays where it is');
      else print.line(move.to === null ? '  the ref is removed' : `  the ref points at ${move.to} again`);
    });
    return 0;
  },
});
