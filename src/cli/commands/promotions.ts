import { defineCommand, wholeNumber } from '../command.ts';
import type { Printer } from '../print.ts';
import type { Promotion } from '../../db/index.ts';

interface Options {
  standing?: boolean;
  limit?: number;
  before?: number;
}

export const promotions = defineCommand<Options>({
  path: ['promotions'],
  summary: 'list what was promoted under which name, by whom and why, the last first',
  args: [{ name: 'TARGET[/NAME]', description: 'only of this target, or under this name', optional: true }],
  options: [
    { flags: '--standing', description: 'leave out those that were taken back' },
    { flags: '--limit <N>', description: 'at most this many (default 30)', parse: wholeNumber('--limit', 1, 10_000) },
    {
      flags: '--before <ID>',
      description: 'only those before the promotion with this number',
      parse: wholeNumber('--before', 1, Number.MAX_SAFE_INTEGER),
    },
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { requireTarget } = await import('../../builds/index.ts');
    const { promotionsOf } = await import('../../promotion/index.ts');
    const { promotionView } = await import('../vote-views.ts');
    const { time } = await import('../views.ts');
    const read = await settings();
    const [target, name] = (args[0] ?? '').split(/\/(.*)/s);
    const filter = {
      limit: options.limit ?? 30,
      standing: options.standing ?? false,
      ...(args[0] === undefined ? {} : { target: requireTarget(read, target ?? '').name }),
      ...(name === undefined ? {} : { name }),
      ...(options.before === undefined ? {} : { before: options.before }),
    };
    const trunk = await openForReading(read);
    try {
      const all = await promotionsOf(trunk.context, filter);
      print.result(all.map(promotionView), () => {
        printPromotions(print, all, time);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

function printPromotions(print: Printer, all: readonly Promotion[], time: (at: number | null) => string | null): void {
  print.table(
    ['ID', 'TARGET', 'NAME', 'SNAPSHOT', 'PROMOTED', 'WHO', 'VERDICTS', 'WHY', 'TAKEN BACK'].map((title) => ({
      title,
    })),
    all.map(({ id, target, name, snapshot, promotedAt, actor, votes, reason, endedAt, endedBy, endedReason }) => [
      id,
      target,
      name,
      snapshot.slice(0, 12),
      time(promotedAt),
      actor,
      votes.length === 0 ? null : votes.map(({ job, result }) => `${job}: ${result}`).join(', '),
      reason,
      endedAt === null ? null : `${time(endedAt) ?? ''} by ${endedBy ?? ''}: ${endedReason ?? ''}`,
    ]),
  );
}
