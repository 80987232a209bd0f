import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

interface Options extends AccessOptions {
  admin?: boolean;
  password: boolean;
}

export const userCreate = defineCommand<Options>({
  path: ['user', 'create'],
  summary: 'make a user; the password is asked for, or read from standard input',
  args: [{ name: 'NAME', description: 'lower-case letters, digits and . _ @ + -' }],
  options: [
    { flags: '--admin', description: 'may everything: how the first one is made' },
    { flags: '--no-password', description: 'has tokens only, as a CI system' },
    ...ACCESS_OPTIONS,
  ],
  run: async ({ args, options, print, settings, signal }) => {
    const { createUser } = await import('../../access/index.ts');
    const { changeAccess, userView } = await import('../access.ts');
    const { readPassword } = await import('../read-password.ts');
    const read = await settings();
    const name = args[0] ?? '';
    const admin = options.admin ?? false;
    const password = options.password ? await readPassword(signal) : null;
    const user = await changeAccess<ReturnType<typeof userView>>(read, options, {
      alone: async (db, change) => userView(await createUser(db, { name, password, admin }, change)),
      server: (client, why) =>
        client.post('createUser', {}, { name, ...(password === null ? {} : { password }), admin, ...why }),
    });
    print.result(user, () => {
      print.line(`user ${user.name} is made${admin ? ', and may everything' : ''}`);
    });
    if (!admin) print.note(`trunkline grant add ${user.name} ROLE says what they may`);
    return 0;
  },
});
