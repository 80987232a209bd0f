import { defineCommand } from '../command.ts';

export const workers = defineCommand<Record<string, never>>({
  path: ['workers'],
  summary: 'list who builds: labels, host, version, last seen, and what since when',
  details:
    'Workers that were not heard of for thirty days are left out; those that were not for two minutes are away. Those that are drained take nothing new.',
  run: async ({ print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { readWorkers } = await import('../../queue/index.ts');
    const { time } = await import('../views.ts');
    const trunk = await openForReading(await settings());
    try {
      const found = await readWorkers(trunk.context.db, trunk.context.now());
      const views = found.map(({ name, present, known, running }) => ({
        ...{ name, present, host: known?.host ?? null, version: known?.version ?? null },
        labels: known?.profile.labels ?? [],
        targets: known?.targets ?? [],
        places: known?.profile.places ?? null,
        drainedAt: time(known?.drainedAt ?? null),
        lastSeenAt: time(known?.seenAt ?? null),
        running: running.map(({ startedAt, build, attempt, project, target }) => ({
          ...{ build, attempt, project, target, startedAt: time(startedAt) },
        })),
      }));
      print.result(views, () => {
        print.table(
          ['WORKER', 'HOST', 'VERSION', 'LABELS', 'LAST SEEN', 'BUILDS', 'SINCE'].map((title) => ({ title })),
          views.map(({ name, host, version, labels, lastSeenAt, present, drainedAt, running }) => [
            ...[name, host, version, labels.join(' ')],
            [lastSeenAt, present ? null : '(away)', drainedAt === null ? null : '(drained)']
              .filter((word) => word !== null)
              .join(' '),
            running.map(({ project, target }) => `${project} for ${target}`).join(', '),
            running[0]?.startedAt ?? null,
          ]),
        );
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
