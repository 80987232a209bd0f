import { TrunklineError } from '../lib/index.ts';
import type { Taker, Tested } from '../promotion/index.ts';
import type { ExitCode } from './command.ts';
import { actor, seconds } from './order.ts';
import type { Printer } from './print.ts';
import { testedView } from './vote-views.ts';
import { time } from './views.ts';

export interface WantedOptions {
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

/** Prints what was found. @returns 2 when the job that asked to take it is at it already */
export function printTested(print: Printer, tested: Tested, now: number): ExitCode {
  const { target, snapshot, build, vote, mark } = tested;
  print.result(testedView(tested, now), () => {
    print.line(`${target}/${snapshot}`);
    if (build !== null) {
      const { hash, subject } = build.revision.upstream;
      print.line(`  build   ${build.build.id} of ${build.build.project}: ${hash.slice(0, 10)} ${subject}`);
    }
    print.line(`  vote    ${vote.job}: ${vote.result}, ${time(vote.votedAt) ?? ''}`);
    for (const one of tested.votes)
      if (one.result === 'in_progress')
        print.line(`  tested  by ${one.job} (${one.actor}) since ${time(one.votedAt) ?? ''}`);
  });
  if (mark === null || mark.taken) return 0;
  print.note(
    `${mark.vote.job} is at it already, by ${mark.vote.actor} since ${time(mark.vote.votedAt) ?? ''}, until ${time(mark.vote.expiresAt) ?? ''} at the latest`,
  );
  return 2;
}
