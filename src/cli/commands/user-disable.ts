import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

export const userDisable = defineCommand<AccessOptions>({
  path: ['user', 'disable'],
  summary: 'let a user and their tokens in no more; what they have is kept',
  args: [{ name: 'NAME', description: 'the user' }],
  options: ACCESS_OPTIONS,
  run: async ({ args, options, print, settings }) => {
    const { disableUser } = await import('../../access/index.ts');
    const { changeAccess, userView } = await import('../access.ts');
    const [name = ''] = args;
    const user = await changeAccess<ReturnType<typeof userView>>(await settings(), options, {
      alone: async (db, change) => userView(await disableUser(db, name, change)),
      server: (client, why) => client.post('disableUser', { user: name }, why),
    });
    print.result(user, () => {
      print.line(`user ${user.name} is disabled`);
    });
    return 0;
  },
});
