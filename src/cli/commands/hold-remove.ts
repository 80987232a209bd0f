import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
}

export const holdRemove = defineCommand<Options>({
  path: ['hold', 'remove'],
  summary: 'let trunkline gc have a snapshot that was held',
  args: [{ name: 'TARGET/SNAPSHOT', description: 'its hash, eight digits of it or more, or a ref that points at it' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, print, settings, options }) => {
    const { openForWriting } = await import('../../app/index.ts');
    const { parseSubject, removeHold } = await import('../../promotion/index.ts');
    const { actor } = await import('../order.ts');
    const { holdView } = await import('../keeping-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const trunk = await openForWriting(read);
    try {
      const hold = await removeHold(trunk.context, subject, { actor: actor(), reason: options.reason ?? null });
      print.result(holdView(hold), () => {
        print.line(`${hold.target}/${hold.snapshotHash} is not held any more`);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
