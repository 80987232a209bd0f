/** Whether the next line is inside a private key: how many of its lines have been seen. */
export interface KeyState {
  inside: number;
}

const BEGIN = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/;
const END = /-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/;
/** A line of a key: what it ends with, whatever a tool puts before it; nothing but a short rest; a header of old PEM. */
const MATERIAL =
  /[A-Za-z0-9+/]{16}={0,3}[ \t]{0,10}$|^[ \t]{0,40}[A-Za-z0-9+/=]{0,80}[ \t]{0,10}$|^[ \t]{0,10}[A-Za-z-]{1,30}: /;
/** Lines; the longest RSA keys in use have 200. */
const LONGEST = 400;

/**
 * `text` without the lines of private keys in it: what stands between BEGIN and END. One that has no END ends with the first line that cannot be a key's,
 * so that a log that only speaks of a key is still there after it. Whole lines; `state` goes from one text to the next.
 */
export function hidePrivateKeys(text: string, state: KeyState): string {
  if (state.inside === 0 && !BEGIN.test(text)) return text;
  const lines = text.split(/(?<=\n)/);
  return lines.map((line) => hideLine(line, state)).join('');
}

function hideLine(line: string, state: KeyState): string {
  if (state.inside > 0) {
    const end = END.exec(line);
    const over = end === null && (state.inside > LONGEST || !MATERIAL.test(line.replace(/\r?\n$/, '')));
    state.inside = end !== null || over ? 0 : state.inside + 1;
    if (end !== null) return line.slice(end.index);
    if (!over) return '';
  }
  const begin = BEGIN.exec(line);
  if (begin === null) return line;
  const after = begin.index + begin[0].length;
  if (END.test(line.slice(after))) return line;
  state.inside = 1;
  return `${line.slice(0, after)}**redacted**\n`;
}
