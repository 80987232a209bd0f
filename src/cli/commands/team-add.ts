import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
}

export const teamAdd = defineCommand<Options>({
  path: ['team', 'add'],
  summary: 'take a user into a team',
  args: [
    { name: 'TEAM', description: 'the team' },
    { name: 'USER', description: 'the user' },
  ],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, options, print, settings }) => {
    const { addMember } = await import('../../access/index.ts');
    const { changeAccess, teamView } = await import('../access.ts');
    const [name = '', user = ''] = args;
    const team = await changeAccess(await settings(), options.reason, (db, change) =>
      addMember(db, name, user, change),
    );
    print.result(teamView(team), () => {
      print.line(`${user} is in ${team.name}: ${team.members.join(', ') || 'nobody'}`);
    });
    return 0;
  },
});
