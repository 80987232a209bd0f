import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

export const userEnable = defineCommand<AccessOptions>({
  path: ['user', 'enable'],
  summary: 'let a disabled user in again',
  args: [{ name: 'NAME', description: 'the user' }],
  options: ACCESS_OPTIONS,
  run: async ({ args, options, print, settings }) => {
    const { enableUser } = await import('../../access/index.ts');
    const { changeAccess, userView } = await import('../access.ts');
    const [name = ''] = args;
    const user = await changeAccess<ReturnType<typeof userView>>(await settings(), options, {
      alone: async (db, change) => userView(await enableUser(db, name, change)),
      server: (client, why) => client.post('enableUser', { user: name }, why),
    });
    print.result(user, () => {
      print.line(`user ${user.name} is enabled`);
    });
    return 0;
  },
});
