import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
  job: string;
  result: 'success' | 'failure' | 'in-progress';
  url?: string;
  notes?: string;
  at?: string;
  for?: string;
}

export const voteAdd = defineCommand<Options>({
  path: ['vote', 'add'],
  summary: 'report what a CI job says of a build or a snapshot',
  details: [
    'A job’s last verdict on a thing is the one that counts; all are kept. in-progress ends with the job’s verdict, or by itself.',
    'A ref’s name is not taken for a snapshot: it may have moved since the job began.',
  ].join('\n'),
  args: [
    {
      name: 'BUILD|TARGET/SNAPSHOT',
      description: 'a build’s number, or a snapshot by eight digits of its hash or more',
    },
  ],
  options: [
    { flags: '--job <NAME>', description: 'the job', required: true },
    {
      flags: '--result <RESULT>',
      description: 'its verdict, or that it is at it',
      choices: ['success', 'failure', 'in-progress'],
      required: true,
    },
    { flags: '--url <URL>', description: 'where its log is (http or https)' },
    { flags: '--notes <TEXT>', description: 'a remark, at most 10,000 characters' },
    { flags: '--at <TIME>', description: 'when it came to its verdict, as 2026-12-24T18:00:00Z (default: now)' },
    { flags: '--for <TIME>', description: 'with in-progress: how long at most (default 6h, at most 7d)' },
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options }) => {
    const { parseThing, reportVote } = await import('../../promotion/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor } = await import('../order.ts');
    const { lasting } = await import('../taking.ts');
    const { thingAsked } = await import('../thing.ts');
    const { voteView } = await import('../vote-views.ts');
    const read = await settings();
    const thing = parseThing(read, args[0] ?? '');
    const { job, url = null, notes = null } = options;
    const result = options.result === 'in-progress' ? ('in_progress' as const) : options.result;
    const [votedAt, lasts] = [await momentOf(options.at), lasting('--for', options.for)];
    const { done: vote } = await onServerOrAlone<ReturnType<typeof voteView>>(read, options, {
      alone: async ({ context }) => {
        const report = { job, result, url, notes, actor: actor(), votedAt, lasts };
        return voteView(await reportVote(context, thing, report), Date.now());
      },
      server: async (client) => {
        const { target, ...of } = await thingAsked(client, thing);
        const said = {
          ...(url === null ? {} : { url }),
          ...(notes === null ? {} : { notes }),
          ...(votedAt === null ? {} : { votedAt: new Date(votedAt).toISOString() }),
          ...(lasts === null ? {} : { lasts: lasts / 1000 }),
        };
        return client.post('castVote', { target }, { ...of, job, result, ...said });
      },
    });
    print.result(vote, () => {
      print.line(`${vote.job} says ${options.result} of ${args[0] ?? ''} (vote ${vote.id})`);
    });
    return 0;
  },
});

async function momentOf(text: string | undefined): Promise<number | null> {
  if (text === undefined) return null;
  const moment = Date.parse(text);
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(moment))
    return moment;
  const { TrunklineError } = await import('../../lib/index.ts');
  throw new TrunklineError('invalid_argument', `--at: ${JSON.stringify(text)} is no time`, {
    hint: 'write 2026-12-24T18:00:00Z',
  });
}
