import { stripVTControlCharacters } from 'node:util';

/** Text from a tool as one line that fits a table and a mail subject: without escape sequences and control characters, at most 300 characters. */
export function oneLine(text: string): string {
  const line = stripVTControlCharacters(text)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
