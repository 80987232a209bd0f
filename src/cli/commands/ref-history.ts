import { defineCommand, wholeNumber } from '../command.ts';

interface Options {
  limit?: number;
}

export const refHistory = defineCommand<Options>({
  path: ['ref', 'history'],
  summary: 'how a ref came to where it is: from where, when, by whom and why',
  args: [{ name: 'TARGET/NAME', description: 'the ref' }],
  options: [
    { flags: '--limit <N>', description: 'at most this many (default 30)', parse: wholeNumber('--limit', 1, 10_000) },
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { parseSubject, refHistory: readHistory } = await import('../../promotion/index.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const { time } = await import('../views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const trunk = await openForReading(read);
    try {
      const moves = await readHistory(trunk.context, subject, options.limit ?? 30);
      print.result(moves.map(refMoveView), () => {
        print.table(
          ['MOVED', 'FROM', 'TO', 'WHO', 'WHY'].map((title) => ({ title })),
          moves.map(({ movedAt, fromHash, toHash, actor, reason }) => [
            time(movedAt),
            fromHash?.slice(0, 12) ?? null,
            toHash?.slice(0, 12) ?? { text: 'removed', style: 'dim' },
            actor,
            reason,
          ]),
        );
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
