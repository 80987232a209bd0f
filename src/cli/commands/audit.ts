import { defineCommand, wholeNumber } from '../command.ts';

interface Options {
  actor?: string;
  subject?: string;
  action?: string;
  since?: string;
  before?: number;
  limit?: number;
}

export const audit = defineCommand<Options>({
  path: ['audit'],
  summary: 'list who did what, when and why, the last first',
  details: 'Nothing changes or removes an entry.',
  options: [
    { flags: '--actor <NAME>', description: 'only what this user did; a token is USER/NAME' },
    {
      flags: '--subject <SUBJECT>',
      description: 'only of this: build/17, user/ada; ref/fedora-43-x86_64/ for all below it',
    },
    { flags: '--action <ACTION>', description: 'only this: move_ref, add_grant…' },
    { flags: '--since <DATE>', description: 'not before: 2026-11-20 (UTC), 2026-11-20T18:00Z, or 14d ago' },
    {
      flags: '--before <ID>',
      description: 'the next page: the last ID of this one',
      parse: wholeNumber('--before', 1, 1e15),
    },
    { flags: '--limit <N>', description: 'how many; default 50', parse: wholeNumber('--limit', 1, 10_000) },
  ],
  run: async ({ options, print, settings }) => {
    const { listAudit } = await import('../../db/index.ts');
    const { auditView, readAccess } = await import('../access.ts');
    const { sinceWhen } = await import('../order.ts');
    const { time } = await import('../views.ts');
    const { since, limit = 50, ...filter } = options;
    const from = sinceWhen(since, Date.now());
    const entries = await readAccess(await settings(), (db) =>
      listAudit(db, { ...filter, limit, ...(from === null ? {} : { since: from }) }),
    );
    print.result(entries.map(auditView), () => {
      print.table(
        [
          { title: 'ID', align: 'right' },
          ...['WHEN', 'WHO', 'WHAT', 'OF', 'DETAIL', 'WHY'].map((title) => ({ title })),
        ],
        entries.map(({ id, createdAt, actor, action, subject, detail, reason }) => [
          id,
          time(createdAt),
          actor,
          action,
          subject,
          detail === null ? null : JSON.stringify(detail),
          reason,
        ]),
      );
    });
    return 0;
  },
});
