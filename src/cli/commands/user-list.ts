import { defineCommand } from '../command.ts';

export const userList = defineCommand<Record<string, never>>({
  path: ['user', 'list'],
  summary: 'list the users',
  run: async ({ print, settings }) => {
    const { listUsers } = await import('../../db/index.ts');
    const { readAccess, userView } = await import('../access.ts');
    const { time } = await import('../views.ts');
    const users = await readAccess(await settings(), listUsers);
    print.result(users.map(userView), () => {
      print.table(
        ['USER', 'PASSWORD', 'SINCE', 'MADE BY', 'DISABLED'].map((title) => ({ title })),
        users.map((user) => [
          user.name,
          user.hasPassword ? 'yes' : 'no',
          time(user.createdAt),
          user.createdBy,
          time(user.disabledAt),
        ]),
      );
    });
    return 0;
  },
});
