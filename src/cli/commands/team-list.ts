import { defineCommand } from '../command.ts';

export const teamList = defineCommand<Record<string, never>>({
  path: ['team', 'list'],
  summary: 'list the teams and who is in them',
  run: async ({ print, settings }) => {
    const { listTeams } = await import('../../db/index.ts');
    const { readAccess, teamView } = await import('../access.ts');
    const teams = await readAccess(await settings(), (db) => listTeams(db));
    print.result(teams.map(teamView), () => {
      print.table(
        ['TEAM', 'MEMBERS'].map((title) => ({ title })),
        teams.map(({ name, members }) => [name, members.join(', ')]),
      );
    });
    return 0;
  },
});
