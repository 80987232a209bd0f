import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
  until?: string;
}

export const holdAdd = defineCommand<Options>({
  path: ['hold', 'add'],
  summary: 'keep a snapshot from trunkline gc',
  args: [{ name: 'TARGET/SNAPSHOT', description: 'its hash, eight digits of it or more, or a ref that points at it' }],
  options: [
    { flags: '--reason <TEXT>', description: 'why; it is kept with the hold' },
    { flags: '--until <DATE>', description: 'not for good: 2026-12-24 (that day included, UTC) or 14d' },
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForWriting } = await import('../../app/index.ts');
    const { addHold, parseSubject } = await import('../../promotion/index.ts');
    const { actor, requireReason, untilWhen } = await import('../order.ts');
    const { holdView } = await import('../keeping-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const until = untilWhen(options.until, Date.now());
    const order = { actor: actor(), reason: requireReason(options.reason), until };
    const trunk = await openForWriting(read);
    try {
      const hold = await addHold(trunk.context, subject, order);
      print.result(holdView(hold), () => {
        print.line(`${hold.target}/${hold.snapshotHash} is held`);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
