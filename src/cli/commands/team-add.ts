import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

export const teamAdd = defineCommand<AccessOptions>({
  path: ['team', 'add'],
  summary: 'take a user into a team',
  args: [
    { name: 'TEAM', description: 'the team' },
    { name: 'USER', description: 'the user' },
  ],
  options: ACCESS_OPTIONS,
  run: async ({ args, options, print, settings }) => {
    const { addMember } = await import('../../access/index.ts');
    const { changeAccess, teamView } = await import('../access.ts');
    const [name = '', user = ''] = args;
    const team = await changeAccess<ReturnType<typeof teamView>>(await settings(), options, {
      alone: async (db, change) => teamView(await addMember(db, name, user, change)),
      server: (client, why) => client.post('addMember', { team: name }, { user, ...why }),
    });
    print.result(team, () => {
      print.line(`${user} is in ${team.name}: ${team.members.join(', ') || 'nobody'}`);
    });
    return 0;
  },
});
