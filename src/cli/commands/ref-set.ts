import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
  reason?: string;
  force?: boolean;
}

export const refSet = defineCommand<Options>({
  path: ['ref', 'set'],
  summary: 'point a ref at a snapshot; a new name makes a ref',
  details: [
    'current and consistent follow the trunk, so they, and those of protected_refs, are moved by hand with --force only.',
    'The next success builds on what current then is: it brings its own project forward and leaves the others as they are there.',
  ].join('\n'),
  args: [
    { name: 'TARGET/NAME', description: 'the ref' },
    { name: 'SNAPSHOT', description: 'its hash, eight digits of it or more, or the name of a ref that points at it' },
  ],
  options: [
    { flags: '--reason <TEXT>', description: 'why; it is kept with the move' },
    { flags: '--force', description: 'move a protected ref too' },
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options }) => {
    const { parseSubject, setRef } = await import('../../promotion/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { refOrder } = await import('../order.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const order = refOrder(options);
    const { reason, force } = order;
    const ref = { target: subject.target.name, ref: subject.name };
    const snapshot = args[1] ?? '';
    const { done: moved } = await onServerOrAlone<ReturnType<typeof refMoveView> | null>(read, options, {
      alone: async ({ context }) => {
        const move = await setRef(context, subject, snapshot, order);
        return move && refMoveView(move);
      },
      server: async (client) => (await client.post('setRef', ref, { snapshot, reason, force })).move,
    });
    print.result(moved, () => {
      if (moved !== null) print.line(`${args[0] ?? ''} points at ${moved.to ?? ''}`);
    });
    if (moved === null) print.note(`${args[0] ?? ''} points there already`);
    return 0;
  },
});
