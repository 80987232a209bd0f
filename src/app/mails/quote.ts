import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
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

/** The end of a log file as text; '' when there is none. Follows no link: a build may have written the directory. */
export async function readLogEnd(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!handle) return '';
  try {
    const status = await handle.stat();
    if (!status.isFile()) return '';
    const start = Math.max(0, status.size - END);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(status.size - start), 0, status.size - start, start);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    // The first line is whole only at the beginning of the file.
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}
