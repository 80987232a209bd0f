import { ACCESS_OPTIONS, defineCommand, wholeNumber, type AccessOptions } from '../command.ts';

interface Options extends AccessOptions {
  scope?: string[];
  expires?: string;
  target?: string[];
  label?: string[];
  attempts?: number;
}

export const tokenCreate = defineCommand<Options>({
  path: ['token', 'create'],
  summary: 'make a token of a user or a worker; it is shown this once',
  details:
    'A token of a user may all that the user may, unless --scope says less: --scope ci,target=fedora-*,ref=tested. The token of a worker ' +
    '(worker/NAME) lets it work for the targets named, and for nothing else.',
  args: [{ name: 'TOKEN', description: 'USER/NAME, or worker/NAME' }],
  options: [
    {
      flags: '--scope <ROLE...>',
      description: 'a role, with limits after it if need be: qa,target=fedora-*,ref=tested',
    },
    { flags: '--expires <DATE>', description: '2026-12-24 (UTC), 30d or never; default: 90d, worker: never' },
    { flags: '--target <NAME...>', description: 'worker: the targets it may work for, * for all' },
    { flags: '--label <NAME...>', description: 'worker: the labels it may say it has' },
    {
      flags: '--attempts <N>',
      description: 'worker: builds it may have at once (default: server.worker_attempts)',
      parse: wholeNumber('--attempts', 1, 10_000),
    },
    ...ACCESS_OPTIONS,
  ],
  run: async ({ args, options, print, settings }) => {
    const { changeAccess, servedTokenView, tokenView } = await import('../access.ts');
    const { orderedFrom, orderOf } = await import('../token-order.ts');
    const { createToken, createWorkerToken } = await import('../../access/index.ts');
    const order = orderOf(args[0] ?? '', options, Date.now());
    const { secret, ...token } = await changeAccess<ReturnType<typeof tokenView> & { secret: string }>(
      await settings(),
      options,
      {
        alone: async (db, change) => {
          const made = await ('worker' in order
            ? createWorkerToken(db, order, change)
            : createToken(db, order, change));
          return { ...tokenView(made.token), secret: made.secret };
        },
        server: async (client, why) => {
          const { secret: made, ...rest } = await orderedFrom(client, order, why);
          return { ...servedTokenView(rest), secret: made };
        },
      },
    );
    print.result({ ...token, token: secret }, () => {
      print.line(secret);
    });
    print.note('it is not shown again; trunkline token revoke ends it');
    return 0;
  },
});
