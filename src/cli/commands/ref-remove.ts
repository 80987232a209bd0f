import { defineCommand } from '../command.ts';
import { REF_OPTIONS, type RefOptions } from '../ref-options.ts';

export const refRemove = defineCommand<RefOptions>({
  path: ['ref', 'remove'],
  summary: 'take a ref away; what it points at stays, and so does its history',
  details:
    'Clients that follow it find nothing any more. current and consistent cannot be removed, protected_refs with --force only.',
  args: [{ name: 'TARGET/NAME', description: 'the ref' }],
  options: REF_OPTIONS,
  run: async (given) => {
    const { removeRef } = await import('../../promotion/index.ts');
    const { changeRef } = await import('../change-ref.ts');
    const { refMoveView } = await import('../keeping-views.ts');
    const { args, print } = given;
    const moved = await changeRef<ReturnType<typeof refMoveView>>(given, {
      alone: async (context, subject, order) => refMoveView(await removeRef(context, subject, order)),
      server: (client, ref, how) => client.post('removeRef', ref, how),
    });
    print.result(moved, () => {
      print.line(`${args[0] ?? ''} is removed; it pointed at ${moved.from ?? ''}`);
    });
    return 0;
  },
});
