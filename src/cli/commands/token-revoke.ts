import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
}

export const tokenRevoke = defineCommand<Options>({
  path: ['token', 'revoke'],
  summary: 'end a token at once',
  args: [{ name: 'TOKEN', description: 'USER/NAME, worker/NAME, or its number' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, options, print, settings }) => {
    const { endToken, findTokenNamed } = await import('../../access/index.ts');
    const { changeAccess, tokenView } = await import('../access.ts');
    const token = await changeAccess(await settings(), options.reason, async (db, change) =>
      endToken(db, (await findTokenNamed(db, args[0] ?? '')).id, change),
    );
    print.result(tokenView(token), () => {
      print.line(`token ${token.user ?? 'worker'}/${token.name} is revoked`);
    });
    return 0;
  },
});
