/** When a maintainer wants to hear of something. Times are minutes since midnight of `timezone`. */
export interface MailTimes {
  /** `never`: each thing by itself, at once. Else what happened since, in one mail. */
  digest: 'never' | 'hourly' | 'daily';
  /** Of the daily digest. */
  at: number;
  /** An IANA name: `Europe/Berlin`. */
  timezone: string;
  /** No mail in these hours, which may go over midnight; null: at any hour. */
  quiet: { from: number; to: number } | null;
  /** No mail on Saturday and Sunday. */
  quietWeekend: boolean;
}

const MINUTE = 60_000;
const DAY = 1440;
/** Hours and weekends in turn: more steps than any week has. */
const MOST_STEPS = 32;

/** When something that happened at `now` is to be said: the next digest, or now, put off to the end of quiet times. Milliseconds since the epoch. */
export function mailDue(times: MailTimes, now: number): number {
  let due = nextDigest(times, now);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const { minutes, weekend } = localTime(due, times.timezone);
    if (times.quietWeekend && weekend) due = nextAt(due, 0, times.timezone, { today: false });
    else if (times.quiet !== null && isWithin(times.quiet, minutes))
      due = nextAt(due, times.quiet.to, times.timezone, { today: true });
    else return due;
  }
  return due;
}

function nextDigest({ digest, at, timezone }: MailTimes, now: number): number {
  if (digest === 'never') return now;
  if (digest === 'daily') return Math.max(now, nextAt(now, at, timezone, { today: true }));
  const { minutes } = localTime(now, timezone);
  return wholeMinute(now) + (60 - (minutes % 60)) * MINUTE;
}

function isWithin({ from, to }: { from: number; to: number }, minutes: number): boolean {
  return from <= to ? minutes >= from && minutes < to : minutes >= from || minutes < to;
}

/** The next moment at which clocks show `minutes`; with `today` it may be this very minute. */
function nextAt(now: number, minutes: number, timezone: string, { today }: { today: boolean }): number {
  const start = wholeMinute(now);
  const wait = (minutes - localTime(start, timezone).minutes + DAY) % DAY;
  const guess = start + (wait === 0 && !today ? DAY : wait) * MINUTE;
  // Where clocks were put forward or back meanwhile, by the difference; a time that is left out that day comes as late as clocks were put forward.
  const off = ((minutes - localTime(guess, timezone).minutes + DAY + DAY / 2) % DAY) - DAY / 2;
  return Math.max(guess + off * MINUTE, start);
}

function wholeMinute(time: number): number {
  return Math.floor(time / MINUTE) * MINUTE;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a time zone that is not known here */
function localTime(time: number, timezone: string): { minutes: number; weekend: boolean } {
  const known = formats.get(timezone);
  const format =
    known ??
    new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: timezone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit', weekday: 'short' },
    });
  if (known === undefined) formats.set(timezone, format);
  const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
  return {
    minutes: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
    weekend: ['Sat', 'Sun'].includes(parts.get('weekday') ?? ''),
  };
}
