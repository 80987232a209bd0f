import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
}

export const userDelete = defineCommand<Options>({
  path: ['user', 'delete'],
  summary: 'remove a user with their grants and tokens; the audit log stays',
  args: [{ name: 'NAME', description: 'the user' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, options, print, settings }) => {
    const { deleteUser } = await import('../../access/index.ts');
    const { changeAccess, userView } = await import('../access.ts');
    const user = await changeAccess(await settings(), options.reason, (db, change) =>
      deleteUser(db, args[0] ?? '', change),
    );
    print.result(userView(user), () => {
      print.line(`user ${user.name} is removed`);
    });
    return 0;
  },
});
