import { expect, test } from 'vitest';
import { mailDue, type MailTimes } from '../../src/model/index.ts';

const BERLIN: MailTimes = { digest: 'never', at: 8 * 60, timezone: 'Europe/Berlin', quiet: null, quietWeekend: false };
const NIGHT = { from: 19 * 60, to: 7 * 60 + 30 };

// 2026-03-29 02:00 in Berlin is 03:00; 2026-10-25 03:00 is 02:00. 2026-11-20 is a Friday.
test.each<[string, Partial<MailTimes>, string, string]>([
  ['at once', {}, '2026-11-20T10:17:05Z', '2026-11-20T10:17:05Z'],
  ['at the next full hour', { digest: 'hourly' }, '2026-11-20T10:17:05Z', '2026-11-20T11:00:00Z'],
  [
    'at the full hour of half a zone',
    { digest: 'hourly', timezone: 'Asia/Kolkata' },
    '2026-11-20T10:17:05Z',
    '2026-11-20T10:30:00Z',
  ],
  ['this morning', { digest: 'daily' }, '2026-11-20T05:00:00Z', '2026-11-20T07:00:00Z'],
  ['in this very minute', { digest: 'daily' }, '2026-11-20T07:00:20Z', '2026-11-20T07:00:20Z'],
  ['tomorrow morning', { digest: 'daily' }, '2026-11-20T07:01:00Z', '2026-11-21T07:00:00Z'],
  ['after the night', { quiet: NIGHT }, '2026-11-20T20:00:00Z', '2026-11-21T06:30:00Z'],
  ['before the night', { quiet: NIGHT }, '2026-11-20T17:59:59Z', '2026-11-20T17:59:59Z'],
  ['at the first minute of the day', { quiet: NIGHT }, '2026-11-20T06:30:00Z', '2026-11-20T06:30:00Z'],
  [
    'after the weekend and its night',
    { quiet: NIGHT, quietWeekend: true },
    '2026-11-20T20:00:00Z',
    '2026-11-23T06:30:00Z',
  ],
  ['after the weekend', { quietWeekend: true }, '2026-11-21T12:00:00Z', '2026-11-22T23:00:00Z'],
  ['on Monday', { digest: 'daily', quietWeekend: true, quiet: NIGHT }, '2026-11-20T12:00:00Z', '2026-11-23T06:30:00Z'],
  ['in quiet hours by day', { quiet: { from: 600, to: 660 } }, '2026-11-20T09:30:00Z', '2026-11-20T10:00:00Z'],
  ['after clocks were put forward', { digest: 'daily' }, '2026-03-28T20:00:00Z', '2026-03-29T06:00:00Z'],
  ['after clocks were put back', { digest: 'daily' }, '2026-10-24T20:00:00Z', '2026-10-25T07:00:00Z'],
])('%s', (_, times, now, due) => {
  expect(new Date(mailDue({ ...BERLIN, ...times }, Date.parse(now))).toISOString()).toBe(new Date(due).toISOString());
});

test('it always comes, never before, never in quiet times, and within three days', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Kathmandu'];
  const any = (most: number) => Math.trunc(Math.random() * most);
  for (let round = 0; round < 400; round += 1) {
    const times: MailTimes = {
      digest: (['never', 'hourly', 'daily'] as const)[any(3)] ?? 'never',
      at: any(1440),
      timezone: zones[any(zones.length)] ?? 'UTC',
      quiet: any(2) === 0 ? null : { from: any(1440), to: any(1440) },
      quietWeekend: any(2) === 0,
    };
    if (times.quiet?.from === times.quiet?.to) times.quiet = null;
    const now = Date.UTC(2026, 0, 1) + any(365 * 86_400) * 1000;
    const due = mailDue(times, now);
    expect(due, JSON.stringify({ times, now })).toBeGreaterThanOrEqual(now);
    // A day for the digest, the weekend, and a night that is nearly a day, with an hour that clocks were put back.
    expect(due - now, JSON.stringify({ times, now })).toBeLessThanOrEqual(4 * 86_400_000 + 3_600_000);
    expect(mailDue({ ...times, digest: 'never' }, due), JSON.stringify({ times, now })).toBe(due);
  }
});
