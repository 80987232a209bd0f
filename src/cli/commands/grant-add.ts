import type { Role } from '../../model/access/index.ts';
import { ACCESS_OPTIONS, defineCommand, type AccessOptions } from '../command.ts';

interface Options extends AccessOptions {
  project?: string;
  target?: string;
  ref?: string;
}

export const grantAdd = defineCommand<Options>({
  path: ['grant', 'add'],
  summary: 'let a user, a team or everybody do something, everywhere or within limits',
  details: 'A limit is a name, or one with * for any characters. docs/access.md says what each role may.',
  args: [
    { name: 'HOLDER', description: 'a user, team/NAME, or anonymous for everybody' },
    { name: 'ROLE', description: 'viewer, builder, packager, ci, qa, release-manager or admin' },
  ],
  options: [
    { flags: '--project <NAME>', description: 'only for these projects' },
    { flags: '--target <NAME>', description: 'only for these targets' },
    { flags: '--ref <NAME>', description: 'only for these refs' },
    ...ACCESS_OPTIONS,
  ],
  run: async ({ args, options, print, settings }) => {
    const { addGrant, checkGrant, describeGrant } = await import('../../access/index.ts');
    const { changeAccess, grantView, holderOf, limited, servedGrantView, writtenHolder } = await import('../access.ts');
    const grant = limited({ role: (args[1] ?? '') as Role, ...options });
    checkGrant(grant);
    const holder = holderOf(args[0] ?? '');
    const given = await changeAccess<ReturnType<typeof grantView>>(await settings(), options, {
      alone: async (db, change) => grantView(await addGrant(db, holder, grant, change)),
      server: async (client, why) =>
        servedGrantView(await client.post('addGrant', {}, { holder: writtenHolder(holder), ...grant, ...why })),
    });
    print.result(given, () => {
      print.line(`grant ${given.id}: ${given.name} is ${describeGrant(grant)}`);
    });
    return 0;
  },
});
