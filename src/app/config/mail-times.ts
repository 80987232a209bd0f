import type { MailTimes } from '../../model/index.ts';
import { parseTime, type MailTimesInput } from './schema/mail-times.ts';
import { mailAddressRule } from './schema/rules.ts';
import type { SecretSource } from './secrets.ts';

/** The section `mail.maintainers`; what is wrong is reported. */
export function readMailTimes(
  input: Readonly<Record<string, MailTimesInput>>,
  { report }: Pick<SecretSource, 'report'>,
): Record<string, MailTimes> {
  const times: Record<string, MailTimes> = {};
  for (const [address, { quiet, quiet_weekend: quietWeekend, at, digest, timezone }] of Object.entries(input)) {
    const path = ['mail', 'maintainers', address];
    const refusal = mailAddressRule(address);
    if (refusal !== undefined) report.add(path, refusal.what, refusal.remedy, 'key');
    const hours = quiet === undefined ? null : { from: minutes(quiet.from), to: minutes(quiet.to) };
    if (hours !== null && hours.from === hours.to)
      report.add([...path, 'quiet'], 'it begins when it ends', 'leave it out, or name two different times', 'key');
    times[address] = { digest, at: minutes(at), timezone, quiet: hours, quietWeekend };
  }
  return times;
}

function minutes(text: string): number {
  return parseTime(text) ?? 0;
}
