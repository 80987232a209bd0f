import { TrunklineError } from '../lib/index.ts';

/** What a CI system says of a build or a snapshot. */
export const VERDICTS = ['success', 'failure'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** `in_progress`: the job is at it, until it says a verdict or the mark expires. */
export const VOTE_RESULTS = [...VERDICTS, 'in_progress'] as const;
export type VoteResult = (typeof VOTE_RESULTS)[number];

/** What is voted upon: one build with its repository, or a snapshot of a target's whole repository. */
export const VOTED_KINDS = ['build', 'snapshot'] as const;
export type VotedKind = (typeof VOTED_KINDS)[number];

/** Characters. DLRN's columns hold 256 of a job and 1024 of a URL. */
export const VOTE_LIMITS = { job: 256, url: 2048, notes: 10_000 } as const;

/** Milliseconds for which a job is taken to be at something, where it does not say, and at most. */
export const MARK_DEFAULT = 6 * 3_600_000;
export const MARK_LONGEST = 7 * 86_400_000;
/** Milliseconds that a CI system's clock may be ahead of ours. */
const CLOCK_AHEAD = 5 * 60_000;

// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** What a vote says in words of its sender's. */
export interface VoteWords {
  job: string;
  url: string | null;
  notes: string | null;
}

/** @throws TrunklineError `invalid_argument` for a job's name that is empty, too long or more than one line. */
export function checkJob(job: string): string {
  if (job.trim() === '' || job.length > VOTE_LIMITS.job || CONTROL.test(job))
    throw new TrunklineError('invalid_argument', `${JSON.stringify(job.slice(0, 80))} cannot be the name of a job`, {
      hint: `use one line of at most ${String(VOTE_LIMITS.job)} characters`,
    });
  return job;
}

/**
 * What a vote may say: its URL is shown as a link, so only http and https, and nothing secret in it.
 * @throws TrunklineError `invalid_argument`
 */
export function checkVoteWords({ job, url, notes }: VoteWords): VoteWords {
  checkJob(job);
  if (url !== null) checkVoteUrl(url);
  if (notes !== null && notes.length > VOTE_LIMITS.notes)
    throw new TrunklineError('invalid_argument', `The notes are ${String(notes.length)} characters long`, {
      hint: `use at most ${String(VOTE_LIMITS.notes)}, and give the rest behind the vote's URL`,
    });
  return { job, url, notes };
}

function checkVoteUrl(url: string): void {
  const parsed = url.length <= VOTE_LIMITS.url && !CONTROL.test(url) && URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    throw new TrunklineError('invalid_argument', `${JSON.stringify(url.slice(0, 80))} is no web address`, {
      hint: `write http://… or https://…, at most ${String(VOTE_LIMITS.url)} characters: where the job's log is`,
    });
  if (parsed.username !== '' || parsed.password !== '')
    throw new TrunklineError('invalid_argument', 'The URL of a vote has a user or password in it', {
      hint: 'leave them out: everybody who reads votes sees the URL',
    });
}

/** When a vote was cast, in milliseconds. @throws TrunklineError `invalid_argument` for a time to come: such a vote would be the newest for long. */
export function checkVotedAt(votedAt: number, now: number): number {
  if (Number.isSafeInteger(votedAt) && votedAt >= 0 && votedAt <= now + CLOCK_AHEAD) return votedAt;
  throw new TrunklineError('invalid_argument', 'The time of the vote is no time, or is yet to come', {
    hint: 'give the time the job ended; check the clock of the machine that votes',
  });
}

/** Until when a mark holds. @throws TrunklineError `invalid_argument` for longer than `MARK_LONGEST`: marks never hold for ever. */
export function markEnd(lasts: number | null, now: number): number {
  const length = lasts ?? MARK_DEFAULT;
  if (Number.isSafeInteger(length) && length >= 1000 && length <= MARK_LONGEST) return now + length;
  throw new TrunklineError('invalid_argument', 'A job cannot be at something for that long', {
    hint: `name a time from one second to ${String(MARK_LONGEST / 86_400_000)} days; a job that takes longer marks it again`,
  });
}
