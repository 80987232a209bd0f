import { defineCommand } from '../command.ts';

export const grantList = defineCommand<Record<string, never>>({
  path: ['grant', 'list'],
  summary: 'list who may do what, where',
  args: [{ name: 'HOLDER', description: 'only of a user, team/NAME, or anonymous', optional: true }],
  run: async ({ args, print, settings }) => {
    const { grantsOf } = await import('../../access/index.ts');
    const { grantView, holderOf, readAccess } = await import('../access.ts');
    const holder = args[0] === undefined ? null : holderOf(args[0]);
    const grants = await readAccess(await settings(), (db) => grantsOf(db, holder));
    print.result(grants.map(grantView), () => {
      print.table(
        [
          { title: 'ID', align: 'right' },
          ...['WHO', 'ROLE', 'PROJECT', 'TARGET', 'REF', 'GIVEN BY'].map((title) => ({ title })),
        ],
        grants.map(({ id, holder: kind, holderName, grant, createdBy }) => [
          id,
          kind === 'team' ? `team/${holderName}` : holderName,
          grant.role,
          ...[grant.project, grant.target, grant.ref].map((limit) => limit ?? '*'),
          createdBy,
        ]),
      );
    });
    return 0;
  },
});
