import { defineCommand, wholeNumber } from '../command.ts';

interface Options {
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
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForWriting } = await import('../../app/index.ts');
    const { demote: takeBack, parseSubject } = await import('../../promotion/index.ts');
    const { actor, requireReason } = await import('../order.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const { promotionView } = await import('../vote-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const expected = options.promotion === undefined ? {} : { expected: options.promotion };
    const order = { actor: actor(), reason: requireReason(options.reason), ...expected };
    const trunk = await openForWriting(read);
    try {
      const { promotion, move } = await takeBack(trunk.context, subject, order);
      print.result({ promotion: promotionView(promotion), move: move && refMoveView(move) }, () => {
        print.line(`Promotion ${promotion.id} of ${args[0] ?? ''} is taken back`);
        if (move === null) print.line('  the ref stays where it is');
        else print.line(move.toHash === null ? '  the ref is removed' : `  the ref points at ${move.toHash} again`);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
