import { defineCommand } from '../command.ts';

interface Options {
  remove?: boolean;
  reason?: string;
}

export const userPassword = defineCommand<Options>({
  path: ['user', 'password'],
  summary: 'set a user’s password: it is asked for, or read from standard input',
  args: [{ name: 'NAME', description: 'the user' }],
  options: [
    { flags: '--remove', description: 'take it away: the user has tokens only' },
    { flags: '--reason <TEXT>', description: 'why; it is written to the audit log' },
  ],
  run: async ({ args, options, print, settings, signal }) => {
    const { setPassword } = await import('../../access/index.ts');
    const { changeAccess, userView } = await import('../access.ts');
    const { readPassword } = await import('../read-password.ts');
    const read = await settings();
    const password = options.remove === true ? null : await readPassword(signal);
    const user = await changeAccess(read, options.reason, (db, change) =>
      setPassword(db, args[0] ?? '', password, change),
    );
    print.result(userView(user), () => {
      print.line(`the password of ${user.name} is ${password === null ? 'removed' : 'set'}`);
    });
    return 0;
  },
});
