import type { Answer, Body, BuildResource, Client, Routes } from '../api/index.ts';
import { openForReading } from '../app/index.ts';
import type { TrunkContext } from '../builds/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Settings } from '../model/index.ts';
import type { Taker, Tested } from '../promotion/index.ts';
import type { ExitCode } from './command.ts';
import { actor, seconds } from './order.ts';
import type { Printer } from './print.ts';
import { onServerOrAlone, type ServerOptions } from './server.ts';
import { testedView } from './vote-views.ts';
import { time } from './views.ts';

export interface WantedOptions extends ServerOptions {
  of?: 'build' | 'snapshot';
  maxAge?: string;
  order?: 'made' | 'voted';
  project?: string[];
  take?: string;
  for?: string;
  url?: string;
}

/** Milliseconds that an option's length of time stands for; null when it was not given. */
export function lasting(option: string, text: string | undefined): number | null {
  return text === undefined ? null : seconds(option, text) * 1000;
}

/** What the options of `last-tested` and `last-good` ask for together. */
export function wantedOf(target: string, { of = 'snapshot', maxAge, order = 'made', project = [] }: WantedOptions) {
  return { target, kind: of, order, projects: project, maxAge: lasting('--max-age', maxAge) };
}

/** Who takes what is found, or null. @throws TrunklineError `invalid_argument` when something is said of a taking that is not asked for */
export function takerOf({ take, url, for: lasts }: WantedOptions): Taker | null {
  if (take !== undefined) return { job: take, actor: actor(), url: url ?? null, lasts: lasting('--for', lasts) };
  if (url === undefined && lasts === undefined) return null;
  throw new TrunklineError('invalid_argument', 'Without --take there is nothing for --for or --url to be of', {
    hint: 'name the job that takes it with --take',
  });
}

type TestedView = ReturnType<typeof testedView>;

/** What finds something that was tested: with the database, and by asking a server that marks what it finds. */
export interface Finding {
  here: (context: TrunkContext, taker: Taker | null) => Promise<Tested>;
  taken: (client: Client, taking: Body<Routes['takeLastTested']>) => Promise<Answer<Routes['takeLastTested']>>;
}

/** What was found. Looking works beside a server; whoever takes it has the server do that. @throws TrunklineError `not_found` */
export async function findTested(
  settings: Settings,
  options: WantedOptions,
  { here, taken }: Finding,
): Promise<TestedView> {
  const taker = takerOf(options);
  if (taker === null) {
    const trunk = await openForReading(settings);
    try {
      return testedView(await here(trunk.context, null), Date.now());
    } finally {
      await trunk.close();
    }
  }
  const { job, url, lasts } = taker;
  const taking = { job, ...(url === null ? {} : { url }), ...(lasts === null ? {} : { lasts: lasts / 1000 }) };
  const { done } = await onServerOrAlone<TestedView>(settings, options, {
    alone: async ({ context }) => testedView(await here(context, taker), Date.now()),
    server: async (client) => {
      const { target, kind, snapshot, build, vote, votes, mark } = await taken(client, taking);
      return { target, kind, snapshot, build: build && withoutPath(build), vote, votes, mark };
    },
  });
  return done;
}

function withoutPath(build: Partial<BuildResource> & Omit<BuildResource, 'repository'>) {
  const shown = { ...build };
  delete shown.repository;
  return shown;
}

/** What a server is asked for with the same options. */
export function wantedQuery(options: WantedOptions) {
  const { kind, order, projects, maxAge } = wantedOf('', options);
  return {
    ...{ of: kind, order },
    ...(projects.length === 0 ? {} : { project: projects.join(',') }),
    ...(maxAge === null ? {} : { max_age: maxAge / 1000 }),
  };
}

/** Jobs as a server is asked for them. @throws TrunklineError `invalid_argument` for a name that would be taken for two */
export function together(jobs: readonly string[]): string {
  const torn = jobs.find((job) => job.includes(','));
  if (torn === undefined) return jobs.join(',');
  throw new TrunklineError('invalid_argument', `The job ${JSON.stringify(torn)} has a comma in its name`, {
    hint: 'a server is asked for jobs separated by commas: call the job something else, or stop the server for as long',
  });
}

/** Prints what was found. @returns 2 when the job that asked to take it is at it already */
export function printTested(print: Printer, tested: TestedView): ExitCode {
  const { target, snapshot, build, vote, mark } = tested;
  const at = (moment: string | null) => (moment === null ? '' : time(Date.parse(moment)));
  print.result(tested, () => {
    print.line(`${target}/${snapshot}`);
    if (build !== null) {
      const { hash, subject } = build.upstream;
      print.line(`  build   ${build.id} of ${build.project}: ${hash.slice(0, 10)} ${subject}`);
    }
    print.line(`  vote    ${vote.job}: ${vote.result}, ${at(vote.votedAt) ?? ''}`);
    for (const one of tested.votes)
      if (one.result === 'in_progress')
        print.line(`  tested  by ${one.job} (${one.actor}) since ${at(one.votedAt) ?? ''}`);
  });
  if (mark === null || mark.taken) return 0;
  const { job, actor: who, votedAt, expiresAt } = mark.vote;
  print.note(
    `${job} is at it already, by ${who} since ${at(votedAt) ?? ''}, until ${at(expiresAt) ?? ''} at the latest`,
  );
  return 2;
}
