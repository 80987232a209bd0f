import { defineCommand } from '../command.ts';

interface Options {
  revoked?: boolean;
}

export const tokenList = defineCommand<Options>({
  path: ['token', 'list'],
  summary: 'list tokens: what they may, until when, when they were used last',
  args: [{ name: 'USER', description: 'only of this user; worker: those of workers', optional: true }],
  options: [{ flags: '--revoked', description: 'also those that were revoked' }],
  run: async ({ args, options, print, settings }) => {
    const { describeGrant, requireUser } = await import('../../access/index.ts');
    const { listTokens } = await import('../../db/index.ts');
    const { readAccess, tokenView } = await import('../access.ts');
    const { time } = await import('../views.ts');
    const [owner] = args;
    const tokens = await readAccess(await settings(), async (db) => {
      const whose =
        owner === undefined
          ? {}
          : owner === 'worker'
            ? { ofWorkers: true }
            : { userId: (await requireUser(db, owner)).id };
      return listTokens(db, { ...whose, revoked: options.revoked ?? false });
    });
    print.result(tokens.map(tokenView), () => {
      print.table(
        [
          { title: 'ID', align: 'right' },
          ...['TOKEN', 'MAY', 'EXPIRES', 'LAST USED', 'REVOKED'].map((title) => ({ title })),
        ],
        tokens.map(({ id, user, name, scope, worker, expiresAt, lastUsedAt, revokedAt }) => [
          id,
          `${user ?? 'worker'}/${name}`,
          worker === null
            ? (scope?.map(describeGrant).join('; ') ?? 'all that the user may')
            : `work for ${worker.targets.join(', ')}${worker.labels.length === 0 ? '' : ` as ${worker.labels.join(', ')}`}`,
          time(expiresAt) ?? 'never',
          time(lastUsedAt),
          time(revokedAt),
        ]),
      );
    });
    return 0;
  },
});
