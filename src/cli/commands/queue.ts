import { defineCommand } from '../command.ts';

export const queue = defineCommand<Record<string, never>>({
  path: ['queue'],
  summary: 'list what runs and what waits, why it waits, and about when it starts',
  details:
    'When is reckoned from how long such builds took before, and from who is there to build for each target. Of more than 5,000 that wait the first are listed.',
  run: async ({ print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { openAttempts, readQueue } = await import('../../queue/index.ts');
    const { describeWaits } = await import('../../model/index.ts');
    const { time, waitsView } = await import('../views.ts');
    const read = await settings();
    const trunk = await openForReading(read);
    try {
      const { db, now } = trunk.context;
      const found = await openAttempts(db, read, now());
      const views = found.map(({ buildId, project, target, state, startedAt, notBefore, waits }) => ({
        ...{ build: buildId, project, target, state },
        startedAt: time(startedAt),
        notBefore: time(notBefore),
        waits: waitsView(waits),
      }));
      print.result(views, () => {
        print.table(
          ['BUILD', 'PROJECT', 'TARGET', 'STATE', 'STARTS', 'WHY'].map((title) => ({ title })),
          found.map(({ buildId, project, target, state, startedAt, waits }) => [
            ...[buildId, project, target, state],
            time(waits === null ? startedAt : waits.startsAt),
            waits === null ? null : describeWaits(waits),
          ]),
        );
      });
      const { ready, waiting } = await readQueue(db, now());
      const more = ready + waiting - found.filter(({ state }) => state === 'pending').length;
      if (more > 0)
        print.note(`${String(more)} more wait behind these; trunkline build show ID says about when one begins`);
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
