import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
  reason?: string;
}

export const holdRemove = defineCommand<Options>({
  path: ['hold', 'remove'],
  summary: 'let trunkline gc have a snapshot that was held',
  args: [{ name: 'TARGET/SNAPSHOT', description: 'its hash, eight digits of it or more, or a ref that points at it' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }, TOKEN_FILE],
  run: async ({ args, print, settings, options }) => {
    const { parseSubject, removeHold } = await import('../../promotion/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor } = await import('../order.ts');
    const { holdView } = await import('../keeping-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const { reason = null } = options;
    const { done: hold } = await onServerOrAlone<ReturnType<typeof holdView>>(read, options, {
      alone: async ({ context }) => holdView(await removeHold(context, subject, { actor: actor(), reason })),
      server: (client) => {
        const snapshot = { target: subject.target.name, snapshot: subject.name };
        return client.post('removeHold', snapshot, reason === null ? {} : { reason });
      },
    });
    print.result(hold, () => {
      print.line(`${hold.target}/${hold.snapshot} is not held any more`);
    });
    return 0;
  },
});
