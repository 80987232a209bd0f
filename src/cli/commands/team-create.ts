import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
}

export const teamCreate = defineCommand<Options>({
  path: ['team', 'create'],
  summary: 'make a team, to give the same grants to several users',
  args: [{ name: 'TEAM', description: 'its name' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, options, print, settings }) => {
    const { createTeam } = await import('../../access/index.ts');
    const { changeAccess, teamView } = await import('../access.ts');
    const team = await changeAccess(await settings(), options.reason, (db, change) =>
      createTeam(db, args[0] ?? '', change),
    );
    print.result(teamView(team), () => {
      print.line(`team ${team.name} is made`);
    });
    return 0;
  },
});
