import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

export const teamRemove = defineCommand<AccessOptions>({
  path: ['team', 'remove'],
  summary: 'take a user out of a team',
  args: [
    { name: 'TEAM', description: 'the team' },
    { name: 'USER', description: 'the user' },
  ],
  options: ACCESS_OPTIONS,
  run: async ({ args, options, print, settings }) => {
    const { dismissMember } = await import('../../access/index.ts');
    const { changeAccess, teamView } = await import('../access.ts');
    const [name = '', user = ''] = args;
    const team = await changeAccess<ReturnType<typeof teamView>>(await settings(), options, {
      alone: async (db, change) => teamView(await dismissMember(db, name, user, change)),
      server: (client, why) => client.post('removeMember', { team: name }, { user, ...why }),
    });
    print.result(team, () => {
      print.line(`${user} is no more in ${team.name}: ${team.members.join(', ') || 'nobody'}`);
    });
    return 0;
  },
});
