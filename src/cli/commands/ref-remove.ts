import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
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
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options }) => {
    const { parseSubject, removeRef } = await import('../../promotion/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { refOrder } = await import('../order.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const order = refOrder(options);
    const { reason, force } = order;
    const ref = { target: subject.target.name, ref: subject.name };
    const { done: moved } = await onServerOrAlone<ReturnType<typeof refMoveView>>(read, options, {
      alone: async ({ context }) => refMoveView(await removeRef(context, subject, order)),
      server: (client) => client.post('removeRef', ref, { reason, force }),
    });
    print.result(moved, () => {
      print.line(`${args[0] ?? ''} is removed; it pointed at ${moved.from ?? ''}`);
    });
    return 0;
  },
});
