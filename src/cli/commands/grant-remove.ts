import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
}

export const grantRemove = defineCommand<Options>({
  path: ['grant', 'remove'],
  summary: 'take a grant away',
  args: [{ name: 'GRANT', description: 'its number, as trunkline grant list shows it' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, options, print, settings }) => {
    const { describeGrant, takeGrant } = await import('../../access/index.ts');
    const { changeAccess, grantView } = await import('../access.ts');
    const { TrunklineError } = await import('../../lib/index.ts');
    const text = args[0] ?? '';
    if (!/^\d{1,15}$/.test(text))
      throw new TrunklineError('invalid_argument', `${JSON.stringify(text)} is not the number of a grant`, {
        hint: 'trunkline grant list shows them',
      });
    const given = await changeAccess(await settings(), options.reason, (db, change) =>
      takeGrant(db, Number(text), change),
    );
    print.result(grantView(given), () => {
      print.line(`${given.holderName} is no more ${describeGrant(given.grant)}`);
    });
    return 0;
  },
});
