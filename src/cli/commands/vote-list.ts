import { defineCommand, wholeNumber } from '../command.ts';

interface Options {
  job?: string;
  result?: 'success' | 'failure' | 'in-progress';
  limit?: number;
  before?: number;
}

export const voteList = defineCommand<Options>({
  path: ['vote', 'list'],
  summary: 'list what CI jobs said of builds and snapshots, the last first',
  args: [{ name: 'BUILD|TARGET/SNAPSHOT', description: 'only of this build or snapshot', optional: true }],
  options: [
    { flags: '--job <NAME>', description: 'only of this job' },
    {
      flags: '--result <RESULT>',
      description: 'only these',
      choices: ['success', 'failure', 'in-progress'],
    },
    { flags: '--limit <N>', description: 'at most this many (default 30)', parse: wholeNumber('--limit', 1, 10_000) },
    {
      flags: '--before <ID>',
      description: 'only those before the vote with this number',
      parse: wholeNumber('--before', 1, Number.MAX_SAFE_INTEGER),
    },
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { parseThing, votesOf } = await import('../../promotion/index.ts');
    const { VOTE_COLUMNS, voteRow, voteView } = await import('../vote-views.ts');
    const read = await settings();
    const { job, result, limit = 30, before } = options;
    const filter = {
      limit,
      ...(args[0] === undefined ? {} : { thing: parseThing(read, args[0]) }),
      ...(job === undefined ? {} : { job }),
      ...(result === undefined ? {} : { result: result === 'in-progress' ? ('in_progress' as const) : result }),
      ...(before === undefined ? {} : { before }),
    };
    const trunk = await openForReading(read);
    try {
      const now = Date.now();
      const votes = await votesOf(trunk.context, filter);
      print.result(
        votes.map((vote) => voteView(vote, now)),
        () => {
          print.table(
            VOTE_COLUMNS,
            votes.map((vote) => voteRow(vote, now)),
          );
        },
      );
      return 0;
    } finally {
      await trunk.close();
    }
  },
});
