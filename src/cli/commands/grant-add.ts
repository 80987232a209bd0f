import type { Role } from '../../model/access/index.ts';
import { defineCommand } from '../command.ts';

interface Options {
  project?: string;
  target?: string;
  ref?: string;
  reason?: string;
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
    { flags: '--reason <TEXT>', description: 'why; it is written to the audit log' },
  ],
  run: async ({ args, options, print, settings }) => {
    const { addGrant, describeGrant } = await import('../../access/index.ts');
    const { changeAccess, grantView, holderOf } = await import('../access.ts');
    const { reason, ...limits } = options;
    const grant = { role: (args[1] ?? '') as Role, ...limits };
    const given = await changeAccess(await settings(), reason, (db, change) =>
      addGrant(db, holderOf(args[0] ?? ''), grant, change),
    );
    print.result(grantView(given), () => {
      print.line(`grant ${given.id}: ${given.holderName} is ${describeGrant(given.grant)}`);
    });
    return 0;
  },
});
