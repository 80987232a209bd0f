import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
}

export const userDisable = defineCommand<Options>({
  path: ['user', 'disable'],
  summary: 'let a user and their tokens in no more; what they have is kept',
  args: [{ name: 'NAME', description: 'the user' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, options, print, settings }) => {
    const { disableUser } = await import('../../access/index.ts');
    const { changeAccess, userView } = await import('../access.ts');
    const user = await changeAccess(await settings(), options.reason, (db, change) =>
      disableUser(db, args[0] ?? '', change),
    );
    print.result(userView(user), () => {
      print.line(`user ${user.name} is disabled`);
    });
    return 0;
  },
});
