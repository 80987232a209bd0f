import type { BuildResult, BuildState } from '../../model/index.ts';
import { defineCommand, wholeNumber } from '../command.ts';

// Said again here because importing the model would cost every start more than it is worth.
const STATES: readonly BuildState[] = ['pending', 'running', 'finished'];
const RESULTS: readonly BuildResult[] = ['success', 'failure', 'skipped', 'cancelled'];

interface Options {
  project?: string;
  target?: string;
  state?: BuildState;
  result?: BuildResult;
  limit?: number;
  before?: number;
}

export const builds = defineCommand<Options>({
  path: ['builds'],
  summary: 'list builds, the last made first',
  options: [
    { flags: '--project <NAME>', description: 'only of this project' },
    { flags: '--target <NAME>', description: 'only for this target' },
    { flags: '--state <STATE>', description: 'only in this state', choices: STATES },
    { flags: '--result <RESULT>', description: 'only with this result', choices: RESULTS },
    { flags: '--limit <N>', description: 'at most this many (default 30)', parse: wholeNumber('--limit', 1, 10_000) },
    {
      flags: '--before <ID>',
      description: 'only builds made before this one',
      parse: wholeNumber('--before', 1, Number.MAX_SAFE_INTEGER),
    },
  ],
  run: async ({ print, settings, options }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { listBuilds } = await import('../../db/index.ts');
    const { BUILD_COLUMNS, buildRow, buildView } = await import('../views.ts');
    const trunk = await openForReading(await settings());
    try {
      const found = await listBuilds(trunk.context.db, { limit: 30, ...options });
      print.result(found.map(buildView), () => {
        print.table(BUILD_COLUMNS, found.map(buildRow));
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
