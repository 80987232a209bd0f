import { TrunklineError } from '../../lib/index.ts';

/** Milliseconds since the epoch as ISO 8601. */
export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function isoOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : iso(milliseconds);
}

/** A moment to come, in milliseconds since the epoch. @throws TrunklineError `invalid_argument` for one that is past */
export function futureOrNull(name: string, text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  const moment = Date.parse(text);
  if (moment > now) return moment;
  throw new TrunklineError('invalid_argument', `${name}: ${text} is past`, { hint: 'name a moment that is to come' });
}
