import { TrunklineError } from '../lib/index.ts';
import type { RefOrder } from '../promotion/index.ts';

/** Who runs the command, for the audit log: the person behind sudo. */
export function actor(): string {
  return process.env.SUDO_USER ?? process.env.USER ?? 'root';
}

/** What `--reason` said. @throws TrunklineError `invalid_argument` when it said nothing. */
export function requireReason(reason: string | undefined): string {
  const text = reason?.trim() ?? '';
  if (text !== '') return text;
  throw new TrunklineError('invalid_argument', 'A reason is missing', {
    hint: 'say why with --reason: it is kept, for whoever asks later',
  });
}

/** What `--reason` and `--force` of a command that moves or removes a ref say, and who says it. @throws TrunklineError as `requireReason` */
export function refOrder({ reason, force = false }: { reason?: string; force?: boolean }): RefOrder {
  return { actor: actor(), reason: requireReason(reason), force };
}

const DAY = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY, w: 7 * DAY };

/**
 * The moment that `2026-12-24` (the end of that day, UTC), `2026-12-24T18:00Z` or `14d` (from now; also m, h, w) means, in milliseconds since the
 * epoch; null for nothing said.
 * @throws TrunklineError `invalid_argument` for anything else, and for what is past
 */
export function untilWhen(text: string | undefined, now: number, option = '--until'): number | null {
  if (text === undefined) return null;
  const moment = momentOf(text, now);
  if (moment === undefined || Number.isNaN(moment)) throw noMoment(option, text);
  if (moment <= now)
    throw new TrunklineError('invalid_argument', `${option}: ${text} is past`, {
      hint: 'name a moment that is to come',
    });
  return moment;
}

/**
 * The moment that `2026-12-24` (the beginning of that day, UTC), `2026-12-24T18:00Z` or `14d` (before now; also m, h, w) means, in milliseconds since
 * the epoch; null for nothing said.
 * @throws TrunklineError `invalid_argument` for anything else
 */
export function sinceWhen(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  const moment = momentOf(text, 0);
  if (moment === undefined || Number.isNaN(moment)) throw noMoment('--since', text);
  if (/[mhdw]$/.test(text)) return now - moment;
  return text.includes('T') ? moment : moment - DAY;
}

function noMoment(option: string, text: string): TrunklineError {
  return new TrunklineError('invalid_argument', `${option}: ${JSON.stringify(text)} is no date and no length of time`, {
    hint: 'write 2026-12-24, 2026-12-24T18:00Z, or 14d',
  });
}

function momentOf(text: string, now: number): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  if (amount !== undefined) return now + Number(amount) * (UNITS[unit] ?? 0);
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return sameDay(text, Date.parse(`${text}T00:00:00Z`) + DAY);
  const dated = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  return dated === null ? undefined : sameDay(dated[1] ?? '', Date.parse(text));
}

/** JavaScript takes the 31st of February for a day in March. */
function sameDay(day: string, moment: number): number | undefined {
  const date = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== day ? undefined : moment;
}

/** A length of time such as `30d` (also m, h, w) in seconds. @throws TrunklineError `invalid_argument` */
export function seconds(option: string, text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (amount !== undefined) return (Number(amount) * (unit === 's' ? 1000 : (UNITS[unit] ?? 0))) / 1000;
  throw new TrunklineError('invalid_argument', `${option}: ${JSON.stringify(text)} is no length of time`, {
    hint: 'write a number with its unit, as 30d or 12h',
  });
}
