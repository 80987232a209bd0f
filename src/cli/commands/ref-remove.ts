import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
  force?: boolean;
}

export const refRemove = defineCommand<Options>({
  path: ['ref', 'remove'],
  summary: 'take a ref away; what it points at stays, and so does its history',
  details:
    'Clients that follow it find nothing any more. current and consistent cannot be removed, protected_refs with --force only.',
  args: [{ name: 'TARGET/NAME', description: 'the ref' }],
  options: [
    { flags: '--reason <TEXT>', description: 'why; it is kept with the history' },
    { flags: '--force', description: 'remove a protected ref too' },
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForWriting } = await import('../../app/index.ts');
    const { parseSubject, removeRef } = await import('../../promotion/index.ts');
    const { refOrder } = await import('../order.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const order = refOrder(options);
    const trunk = await openForWriting(read);
    try {
      const removed = await removeRef(trunk.context, subject, order);
      print.result(refMoveView(removed), () => {
        print.line(`${args[0] ?? ''} is removed; it pointed at ${removed.fromHash ?? ''}`);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
