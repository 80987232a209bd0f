import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

export const userDelete = defineCommand<AccessOptions>({
  path: ['user', 'delete'],
  summary: 'remove a user with their grants and tokens; the audit log stays',
  args: [{ name: 'NAME', description: 'the user' }],
  options: ACCESS_OPTIONS,
  run: async ({ args, options, print, settings }) => {
    const { deleteUser } = await import('../../access/index.ts');
    const { changeAccess, userView } = await import('../access.ts');
    const [name = ''] = args;
    const user = await changeAccess<ReturnType<typeof userView>>(await settings(), options, {
      alone: async (db, change) => userView(await deleteUser(db, name, change)),
      server: (client, why) => client.post('deleteUser', { user: name }, why),
    });
    print.result(user, () => {
      print.line(`user ${user.name} is removed`);
    });
    return 0;
  },
});
