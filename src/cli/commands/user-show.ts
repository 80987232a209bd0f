import { defineCommand } from '../command.ts';

export const userShow = defineCommand<Record<string, never>>({
  path: ['user', 'show'],
  summary: 'show a user: what they may, their teams and tokens',
  args: [{ name: 'NAME', description: 'the user' }],
  run: async ({ args, print, settings }) => {
    const { describeGrant, requireUser } = await import('../../access/index.ts');
    const { grantsInForce, listTokens, teamsOf } = await import('../../db/index.ts');
    const { readAccess, tokenView, userView } = await import('../access.ts');
    const { time } = await import('../views.ts');
    const { user, grants, teams, tokens } = await readAccess(await settings(), async (db) => {
      const found = await requireUser(db, args[0] ?? '');
      const { own } = await grantsInForce(db, found.id);
      const [inTeams, has] = [await teamsOf(db, found.id), await listTokens(db, { userId: found.id })];
      return { user: found, grants: own, teams: inTeams, tokens: has };
    });
    print.result({ ...userView(user), grants, teams, tokens: tokens.map(tokenView) }, () => {
      print.line(`user       ${user.name}`);
      print.line(`state      ${user.disabledAt === null ? 'enabled' : `disabled ${time(user.disabledAt) ?? ''}`}`);
      print.line(`password   ${user.hasPassword ? 'set' : 'none'}`);
      print.line(`teams      ${teams.join(', ') || '-'}`);
      for (const grant of grants) print.line(`may        ${describeGrant(grant)}`);
      for (const { name, expiresAt } of tokens)
        print.line(
          `token      ${user.name}/${name}, ${expiresAt === null ? 'for good' : `until ${time(expiresAt) ?? ''}`}`,
        );
    });
    return 0;
  },
});
