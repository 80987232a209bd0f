import { MockSyntaxError } from './values.ts';

export interface Token {
  kind: 'name' | 'number' | 'string' | 'operator' | 'newline' | 'end';
  text: string;
  line: number;
  /** Column of a token that begins a line, from 0; undefined for the others. */
  indent?: number;
}

const BLANK = /(?:[ \t\r\f]+|\\\n|#[^\n]*)/y;
const WORD = /[A-Za-z_]\w*|\d+(?:\.\d+)?/y;
const OPERATOR = /(?:\+=|-=|\*\*|==|!=|<=|>=|\/\/|[-+*/%=<>()[\]{},:.|;@~])/y;
const STRING_START = /([A-Za-z]{0,2})("""|'''|"|')/y;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** The tokens of Python source, or of a Jinja expression, whose lexical rules are near enough the same. Newlines inside brackets are left out. */
export function tokenize(source: string, firstLine = 1): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = firstLine;
  let depth = 0;
  let lineStart = 0;
  let fresh = true;
  const add = (kind: Token['kind'], text: string) => {
    tokens.push({ kind, text, line, ...(fresh && kind !== 'newline' ? { indent: at - lineStart } : {}) });
    fresh = false;
  };
  while (at < source.length) {
    const blank = matchAt(BLANK, source, at);
    if (source[at] === '\n') {
      if (depth === 0 && !fresh) add('newline', '\n');
      fresh = depth === 0;
      line += 1;
      at += 1;
      lineStart = at;
      continue;
    }
    if (blank) {
      line += blank[0].includes('\n') ? 1 : 0;
      at += blank[0].length;
      continue;
    }
    const start = matchAt(STRING_START, source, at);
    if (start) {
      const { text, length } = readString(source, at, start, line);
      add('string', text);
      line += source.slice(at, at + length).split('\n').length - 1;
      at += length;
      continue;
    }
    const word = matchAt(WORD, source, at);
    const operator = word ? null : matchAt(OPERATOR, source, at);
    const found = word?.[0] ?? operator?.[0];
    if (found === undefined) throw new MockSyntaxError(line, `unexpected character ${JSON.stringify(source[at])}`);
    add(operator ? 'operator' : /^\d/.test(found) ? 'number' : 'name', found);
    if (operator && '([{'.includes(found)) depth += 1;
    if (operator && ')]}'.includes(found)) depth = Math.max(0, depth - 1);
    at += found.length;
  }
  if (!fresh) add('newline', '\n');
  tokens.push({ kind: 'end', text: '', line });
  return tokens;
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function readString(
  source: string,
  at: number,
  start: RegExpExecArray,
  line: number,
): { text: string; length: number } {
  const prefix = (start[1] ?? '').toLowerCase();
  const quote = start[2] ?? '"';
  if (!['', 'r', 'u'].includes(prefix))
    throw new MockSyntaxError(line, `strings with the prefix ${prefix} are not read`);
  const parts: string[] = [];
  let here = at + start[0].length;
  while (!source.startsWith(quote, here)) {
    const character = source[here];
    if (character === undefined || (character === '\n' && quote.length === 1))
      throw new MockSyntaxError(line, 'a string that does not end');
    if (character === '\\' && prefix !== 'r') {
      const next = source[here + 1] ?? '';
      parts.push(ESCAPES[next] ?? `\\${next}`);
      here += 2;
    } else {
      parts.push(character);
      here += 1;
    }
  }
  return { text: parts.join(''), length: here + quote.length - at };
}
