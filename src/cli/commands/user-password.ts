import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

interface Options extends AccessOptions {
  remove?: boolean;
}

export const userPassword = defineCommand<Options>({
  path: ['user', 'password'],
  summary: 'set a user’s password: it is asked for, or read from standard input',
  args: [{ name: 'NAME', description: 'the user' }],
  options: [{ flags: '--remove', description: 'take it away: the user has tokens only' }, ...ACCESS_OPTIONS],
  run: async ({ args, options, print, settings, signal }) => {
    const { setPassword } = await import('../../access/index.ts');
    const { changeAccess, userView } = await import('../access.ts');
    const { readPassword } = await import('../read-password.ts');
    const read = await settings();
    const [name = ''] = args;
    const password = options.remove === true ? null : await readPassword(signal);
    const user = await changeAccess<ReturnType<typeof userView>>(read, options, {
      alone: async (db, change) => userView(await setPassword(db, name, password, change)),
      server: (client, why) => client.post('setPassword', { user: name }, { password, ...why }),
    });
    print.result(user, () => {
      print.line(`the password of ${user.name} is ${password === null ? 'removed' : 'set'}`);
    });
    return 0;
  },
});
