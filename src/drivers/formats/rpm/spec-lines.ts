import { TrunklineError } from '../../../lib/index.ts';

/** A line as rpm reads it: several lines of the file where a macro's brackets or a definition's backslashes span them. */
export interface SpecLine {
  /** With the newlines between its parts, without the last one. */
  text: string;
  /** Of its first part, from 1. */
  number: number;
}

export interface SpecSection {
  /** In lower case without `%`; `preamble` for what stands before the first section. */
  name: string;
  lines: SpecLine[];
}

const SECTIONS = new Set(
  [
    'package description prep generate_buildrequires conf build install check clean files changelog end sepolicy',
    'patchlist sourcelist verifyscript pre post preun postun pretrans posttrans preuntrans postuntrans',
    'trigger triggerin triggerun triggerprein triggerpostun',
    'filetrigger filetriggerin filetriggerun filetriggerpostun',
    'transfiletrigger transfiletriggerin transfiletriggerun transfiletriggerpostun',
  ].flatMap((names) => names.split(' ')),
);

/**
 * The lines of a spec file as rpm joins them: while `%{`, `%(` or `%[` is open, or a backslash ends a line of a `%define` or `%global`. (rpm joins
 * other lines that end in a backslash too, but only to expand macros; then it takes them apart again.)
 * @throws TrunklineError `source_invalid` with the line whose brackets are never closed.
 */
export function readSpecLines(text: string, file: string): SpecLine[] {
  const lines: SpecLine[] = [];
  let open: SpecLine | undefined;
  let state = closed();
  const physical = text.split('\n');
  if (physical.at(-1) === '') physical.pop();
  for (const [index, line] of physical.entries()) {
    if (open === undefined) lines.push((open = { text: line, number: index + 1 }));
    else open.text += `\n${line}`;
    scan(line, state);
    const defines = /^\s*%(?:define|global)\s/.test(open.text);
    if (state['{'] > 0 || state['('] > 0 || state['['] > 0 || (state.continued && defines)) continue;
    open = undefined;
    state = closed();
  }
  if (open !== undefined && !state.continued)
    throw new TrunklineError('source_invalid', 'A macro that starts in this line is not closed', {
      where: `${file}:${String(open.number)}`,
      hint: 'close every %{, %( and %[ of the line',
    });
  return lines;
}

interface Brackets {
  '{': number;
  '(': number;
  '[': number;
  continued: boolean;
}

const closed = (): Brackets => ({ '{': 0, '(': 0, '[': 0, continued: false });
const OPENING = { '}': '{', ')': '(', ']': '[' } as const;

/** rpm counts plain brackets only inside a macro's brackets of the same kind, and skips what a backslash or a per cent sign stands before. */
function scan(line: string, state: Brackets): void {
  state.continued = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index];
    if (character === '\\') {
      state.continued = index === line.length - 1;
      index += 1;
    } else if (character === '%') {
      const next = line[index + 1];
      if (next === '{' || next === '(' || next === '[') state[next] += 1;
      if (next === '%' || next === '{' || next === '(' || next === '[') index += 1;
    } else if (character === '{' || character === '(' || character === '[') {
      if (state[character] > 0) state[character] += 1;
    } else if (character === '}' || character === ')' || character === ']') {
      const kind = OPENING[character];
      if (state[kind] > 0) state[kind] -= 1;
    }
  }
}

/** The sections of a spec, in order, each with its own header line as the first one. */
export function sectionsOf(lines: readonly SpecLine[]): SpecSection[] {
  const sections: SpecSection[] = [{ name: 'preamble', lines: [] }];
  for (const line of lines) {
    const name = /^%([A-Za-z_]+)(?=\s|$)/.exec(line.text)?.[1]?.toLowerCase();
    if (name !== undefined && SECTIONS.has(name)) sections.push({ name, lines: [line] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections;
}

/** What a line does to the conditionals around it. */
export function conditionalOf(line: SpecLine): 'if' | 'else' | 'endif' | undefined {
  const word = /^\s*%(if|ifarch|ifnarch|ifos|ifnos|else|elif|elifarch|elifos|endif)(?![A-Za-z0-9_])/.exec(
    line.text,
  )?.[1];
  if (word === undefined || word === 'endif') return word;
  return word.startsWith('el') ? 'else' : 'if';
}

/** @throws TrunklineError `source_invalid` with the line of a conditional that has no partner. */
export function checkConditionals(lines: readonly SpecLine[], file: string): void {
  const open: SpecLine[] = [];
  const wrong = (line: SpecLine, what: string): TrunklineError =>
    new TrunklineError('source_invalid', what, {
      where: `${file}:${String(line.number)}`,
      hint: 'give every %if its %endif',
    });
  for (const line of lines) {
    const kind = conditionalOf(line);
    if (kind === 'if') open.push(line);
    else if (kind !== undefined && open.length === 0) throw wrong(line, 'There is no %if for this line');
    else if (kind === 'endif') open.pop();
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw wrong(unclosed, 'There is no %endif for this line');
}
