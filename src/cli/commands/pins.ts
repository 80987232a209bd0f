import { defineCommand } from '../command.ts';

export const pins = defineCommand<Record<string, never>>({
  path: ['pins'],
  summary: 'list the projects that are pinned, and why',
  run: async ({ print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { pinsOf } = await import('../../builds/index.ts');
    const { pinView } = await import('../keeping-views.ts');
    const { time } = await import('../views.ts');
    const trunk = await openForReading(await settings());
    try {
      const found = await pinsOf(trunk.context);
      print.result(found.map(pinView), () => {
        print.table(
          ['PROJECT', 'TARGET', 'VERSION', 'SINCE', 'UNTIL', 'WHO', 'WHY'].map((title) => ({ title })),
          found.map(({ project, target, version, createdAt, until, actor, reason }) => [
            project,
            target,
            version,
            time(createdAt),
            time(until),
            actor,
            reason,
          ]),
        );
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
