import type { Message } from '../../model/index.ts';
import { compose } from './compose.ts';

/** Mails that are quoted whole; of more there is a line each. */
const MOST_WHOLE = 20;
const RULE = '='.repeat(72);

/** Several mails to one person in one, those of the first event first. */
export function digestMail(id: string, to: string, mails: readonly Message[]): Message {
  const subjects = mails.map(({ subject }) => subject.replace(/^\[trunkline\] /, ''));
  const whole = mails.slice(0, MOST_WHOLE);
  const left = mails.length - whole.length;
  const parts = whole.map(({ text }, index) => `${RULE}\n${subjects[index] ?? ''}\n\n${text}`);
  const overview = [
    `${String(mails.length)} things happened, the first one first:`,
    subjects.map((subject) => `  - ${subject}`).join('\n'),
    ...(left > 0 ? [`Below are the first ${String(whole.length)}; trunkline build show has the others.`] : []),
  ];
  return {
    id,
    to: [to],
    subject: `[trunkline] ${String(mails.length)} news: ${subjects[0] ?? ''}`,
    text: [compose(overview), ...parts].join('\n'),
  };
}
