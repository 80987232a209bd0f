import { defineCommand } from '../command.ts';

interface Options {
  project?: string;
  target?: string;
}

export const status = defineCommand<Options>({
  path: ['status'],
  summary: 'a line per project and target: state, first failure after success, days since last success',
  options: [
    { flags: '--project <NAME>', description: 'only this project' },
    { flags: '--target <NAME>', description: 'only this target' },
  ],
  run: async ({ print, settings, options }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { pinsOf } = await import('../../builds/index.ts');
    const { pinView } = await import('../keeping-views.ts');
    const { readSummaries } = await import('../../db/index.ts');
    const { statusView, stateCell } = await import('../views.ts');
    const trunk = await openForReading(await settings());
    try {
      const { context } = trunk;
      const known = await readSummaries(context.db, options);
      const pins = await pinsOf(context, options);
      const pinOf = (one: { project: string; target: string }) =>
        pins.find(({ project, target }) => project === one.project && target === one.target);
      const views = known.map((summary) => {
        const pin = pinOf(summary);
        return { ...statusView(summary, context.now()), pin: pin === undefined ? null : pinView(pin) };
      });
      const unbuilt = notBuilt(context.settings, options, known);
      print.result([...views, ...unbuilt], () => {
        print.table(
          ['PROJECT', 'TARGET', 'STATE', 'FIRST FAILURE', 'DAYS SINCE SUCCESS', 'WAITING', 'PINNED'].map((title) => ({
            title,
          })),
          [
            ...views.map(({ project, target, newest, firstFailure, daysSinceLastSuccess, pending, running, pin }) => [
              project,
              target,
              stateCell(newest.state, newest.result, newest.reason),
              firstFailure && `${firstFailure.commit.hash.slice(0, 10)} ${firstFailure.commit.subject.slice(0, 40)}`,
              daysSinceLastSuccess,
              pending + running === 0 ? null : pending + running,
              pin && pinCell(pin),
            ]),
            ...unbuilt.map(({ project, target }) => [project, target, 'never built', null, null, null, null]),
          ],
        );
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

function pinCell({ version, until }: { version: string; until: string | null }): string {
  return `${version}${until === null ? '' : ` until ${until.slice(0, 10)}`}`;
}

/** What the configuration names and no build is there for. */
function notBuilt(
  settings: { projects: readonly { name: string; targets: readonly string[] }[] },
  { project, target }: Options,
  known: readonly { project: string; target: string }[],
) {
  const seen = new Set(known.map((one) => `${one.project} ${one.target}`));
  return settings.projects
    .filter(({ name }) => project === undefined || name === project)
    .flatMap(({ name, targets }) => targets.map((one) => ({ project: name, target: one, newest: null, pin: null })))
    .filter((one) => (target === undefined || one.target === target) && !seen.has(`${one.project} ${one.target}`));
}
