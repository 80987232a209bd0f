import { defineCommand } from '../command.ts';

export const queue = defineCommand<Record<string, never>>({
  path: ['queue'],
  summary: 'list what runs and what waits, why it waits, and about when it starts',
  details:
    'When is reckoned from how long such builds took before, with as many builds at once as jobs in the configuration.',
  run: async ({ print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { openAttempts, unservedTargets } = await import('../../queue/index.ts');
    const { time } = await import('../views.ts');
    const read = await settings();
    const trunk = await openForReading(read);
    try {
      const { db, now } = trunk.context;
      const unserved = await unservedTargets(db, read, now());
      const found = await openAttempts(db, { places: read.jobs, now: now(), unserved });
      const views = found.map(({ buildId, project, target, state, startedAt, notBefore, waits }) => ({
        ...{ build: buildId, project, target, state },
        startedAt: time(startedAt),
        notBefore: time(notBefore),
        waits: waits === null ? null : { ...waits, startsAt: time(waits.startsAt) },
      }));
      print.result(views, () => {
        print.table(
          ['BUILD', 'PROJECT', 'TARGET', 'STATE', 'STARTS', 'WHY'].map((title) => ({ title })),
          views.map(({ build, project, target, state, startedAt, waits }) => [
            ...[build, project, target, state],
            waits === null ? startedAt : waits.startsAt,
            waits === null ? null : WHY[waits.reason](waits.before, waits.detail ?? ''),
          ]),
        );
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

const WHY = {
  retry_pause: () => 'it is tried again after a pause',
  behind: (before: number) => `${String(before)} before it`,
  next: () => 'it begins with the next free place',
  no_place: () => 'nothing is built here',
  no_worker: (_before: number, detail: string) => `nobody who is there can build it: ${detail}`,
} as const;
