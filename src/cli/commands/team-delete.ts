import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
}

export const teamDelete = defineCommand<Options>({
  path: ['team', 'delete'],
  summary: 'remove a team with its grants; its members stay users',
  args: [{ name: 'TEAM', description: 'its name' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, options, print, settings }) => {
    const { deleteTeam } = await import('../../access/index.ts');
    const { changeAccess, teamView } = await import('../access.ts');
    const team = await changeAccess(await settings(), options.reason, (db, change) =>
      deleteTeam(db, args[0] ?? '', change),
    );
    print.result(teamView(team), () => {
      print.line(`team ${team.name} is removed`);
    });
    return 0;
  },
});
