import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

export const grantRemove = defineCommand<AccessOptions>({
  path: ['grant', 'remove'],
  summary: 'take a grant away',
  args: [{ name: 'GRANT', description: 'its number, as trunkline grant list shows it' }],
  options: ACCESS_OPTIONS,
  run: async ({ args, options, print, settings }) => {
    const { describeGrant, takeGrant } = await import('../../access/index.ts');
    const { changeAccess, grantView, limited, servedGrantView } = await import('../access.ts');
    const { TrunklineError } = await import('../../lib/index.ts');
    const text = args[0] ?? '';
    if (!/^\d{1,15}$/.test(text))
      throw new TrunklineError('invalid_argument', `${JSON.stringify(text)} is not the number of a grant`, {
        hint: 'trunkline grant list shows them',
      });
    const given = await changeAccess<ReturnType<typeof grantView>>(await settings(), options, {
      alone: async (db, change) => grantView(await takeGrant(db, Number(text), change)),
      server: async (client, why) => servedGrantView(await client.post('removeGrant', { grant: Number(text) }, why)),
    });
    print.result(given, () => {
      print.line(`${given.name} is no more ${describeGrant(limited(given))}`);
    });
    return 0;
  },
});
