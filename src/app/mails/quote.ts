import { stripVTControlCharacters } from 'node:util';
import { openLog } from '../../builds/logs/index.ts';
import { redact } from '../../lib/index.ts';

const LONGEST_LINE = 500;
/** Bytes read from the end of a log: lines enough for any mail. */
const END = 256 * 1024;

// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from a stranger on one line: no control characters, no line end that would begin something else, secrets redacted. */
export function oneLine(text: string): string {
  const line = stripVTControlCharacters(redact(text)).replace(/[\r\n\t\u2028\u2029]+/g, ' ');
  return cut(line.replace(CONTROL, '').toWellFormed().trim());
}

/** The last `count` lines of a log as a person would have seen them, without colours and control characters, secrets redacted. */
export function endOfLog(text: string, count: number): string[] {
  if (count <= 0) return [];
  const lines = redact(stripVTControlCharacters(text))
    .trimEnd()
    .split('\n')
    // A progress bar writes its line over and over: what stands after the last carriage return is what one sees.
    .map((line) => line.replace(/\r+$/, '').split('\r').at(-1) ?? '')
    .map((line) => cut(line.replace(CONTROL, '').toWellFormed().trimEnd()));
  return lines.slice(-count);
}

function cut(line: string): string {
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1).toWellFormed()}…` : line;
}

/** The end of a log as text; '' when there is none. */
export async function readLogEnd(path: string): Promise<string> {
  const log = await openLog(path);
  if (log === null) return '';
  try {
    const start = Math.max(0, log.size - END);
    const text = (await log.read(start, END)).toString('utf8');
    // The first line is whole only at the beginning of the file.
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await log.close();
  }
}
