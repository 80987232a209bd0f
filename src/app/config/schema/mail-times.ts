import { z } from 'zod';
import { text } from './fields.ts';
import { quoted, type Rule } from './rules.ts';

const timeRule: Rule = (value) =>
  parseTime(value) === undefined
    ? { what: `${quoted(value)} is no time of day`, remedy: 'write it as "08:30", in quotes' }
    : undefined;

const zoneRule: Rule = (value) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return undefined;
  } catch {
    return { what: `${quoted(value)} is no time zone`, remedy: 'write its name, as Europe/Berlin or UTC' };
  }
};

export const mailTimesSchema = z.strictObject({
  digest: z
    .enum(['never', 'hourly', 'daily'])
    .describe('`hourly`, `daily`: what happened since, in one mail. `never`: each thing at once, in a mail of its own.')
    .prefault('never'),
  at: text(timeRule).describe('When the daily digest comes.').prefault('08:00'),
  timezone: text(zoneRule).describe('Of all times, as `Europe/Berlin`.').prefault('UTC'),
  quiet: z
    .strictObject({
      from: text(timeRule).describe('The first minute without mail.'),
      to: text(timeRule).describe('The first minute with mail again; before `from`, it is the next day’s.'),
    })
    .describe('Hours without mail; what is due in them comes at their end.')
    .optional(),
  quiet_weekend: z.boolean().describe('No mail on Saturday and Sunday.').prefault(false),
});
export type MailTimesInput = z.output<typeof mailTimesSchema>;

/** Minutes since midnight of `08:30`; undefined when it is no time. */
export function parseTime(value: string): number | undefined {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(value);
  return match === null ? undefined : Number(match[1]) * 60 + Number(match[2]);
}
