import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
}

export const userEnable = defineCommand<Options>({
  path: ['user', 'enable'],
  summary: 'let a disabled user in again',
  args: [{ name: 'NAME', description: 'the user' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, options, print, settings }) => {
    const { enableUser } = await import('../../access/index.ts');
    const { changeAccess, userView } = await import('../access.ts');
    const user = await changeAccess(await settings(), options.reason, (db, change) =>
      enableUser(db, args[0] ?? '', change),
    );
    print.result(userView(user), () => {
      print.line(`user ${user.name} is enabled`);
    });
    return 0;
  },
});
