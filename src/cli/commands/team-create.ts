import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

export const teamCreate = defineCommand<AccessOptions>({
  path: ['team', 'create'],
  summary: 'make a team, to give the same grants to several users',
  args: [{ name: 'TEAM', description: 'its name' }],
  options: ACCESS_OPTIONS,
  run: async ({ args, options, print, settings }) => {
    const { createTeam } = await import('../../access/index.ts');
    const { changeAccess, teamView } = await import('../access.ts');
    const [name = ''] = args;
    const team = await changeAccess<ReturnType<typeof teamView>>(await settings(), options, {
      alone: async (db, change) => teamView(await createTeam(db, name, change)),
      server: (client, why) => client.post('createTeam', {}, { name, ...why }),
    });
    print.result(team, () => {
      print.line(`team ${team.name} is made`);
    });
    return 0;
  },
});
