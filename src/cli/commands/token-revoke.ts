import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

export const tokenRevoke = defineCommand<AccessOptions>({
  path: ['token', 'revoke'],
  summary: 'end a token at once',
  args: [{ name: 'TOKEN', description: 'USER/NAME, worker/NAME, or its number' }],
  options: ACCESS_OPTIONS,
  run: async ({ args, options, print, settings }) => {
    const { endToken, findTokenNamed } = await import('../../access/index.ts');
    const { changeAccess, readAccess, servedTokenView, tokenView } = await import('../access.ts');
    const read = await settings();
    const name = args[0] ?? '';
    const token = await changeAccess<ReturnType<typeof tokenView>>(read, options, {
      alone: async (db, change) => tokenView(await endToken(db, (await findTokenNamed(db, name)).id, change)),
      server: async (client, why) => {
        const { id } = await readAccess(read, (db) => findTokenNamed(db, name));
        return servedTokenView(await client.post('revokeToken', { token: id }, why));
      },
    });
    print.result(token, () => {
      print.line(`token ${token.user ?? 'worker'}/${token.name} is revoked`);
    });
    return 0;
  },
});
