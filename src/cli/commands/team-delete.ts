import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

export const teamDelete = defineCommand<AccessOptions>({
  path: ['team', 'delete'],
  summary: 'remove a team with its grants; its members stay users',
  args: [{ name: 'TEAM', description: 'its name' }],
  options: ACCESS_OPTIONS,
  run: async ({ args, options, print, settings }) => {
    const { deleteTeam } = await import('../../access/index.ts');
    const { changeAccess, teamView } = await import('../access.ts');
    const [name = ''] = args;
    const team = await changeAccess<ReturnType<typeof teamView>>(await settings(), options, {
      alone: async (db, change) => teamView(await deleteTeam(db, name, change)),
      server: (client, why) => client.post('deleteTeam', { team: name }, why),
    });
    print.result(team, () => {
      print.line(`team ${team.name} is removed`);
    });
    return 0;
  },
});
