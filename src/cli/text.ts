import { stripVTControlCharacters } from 'node:util';

// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /\p{Mn}|\p{Me}|\p{Cf}/u;

/** `text` without what moves a terminal's cursor, colours it or turns its reading direction; line ends and tabs stay. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, '');
}

/** `text` on one line, harmless. */
export function oneLine(text: string): string {
  return harmless(text.replace(/[\r\n\t]+/g, ' '));
}

/** Columns that `text` takes on a terminal. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}

/** `text` in at most `columns` columns, with `…` for what was cut. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = '';
  let used = 1;
  for (const character of text) {
    used += width(character);
    if (used > columns) break;
    kept += character;
  }
  return `${kept}…`;
}
