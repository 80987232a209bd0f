import { conditionalOf, type SpecLine } from './spec-lines.ts';

/** A line such as `Version: 1.2` of a preamble. */
export interface SpecTag {
  line: SpecLine;
  /** In lower case, a source's number kept apart: `name`, `version`, `source`. */
  name: string;
  /** What stands before the value, spaces included. */
  lead: string;
  value: string;
  /** Of a source; null for other tags. */
  source: number | null;
}

const TAG = /^(\s*(name|version|release|epoch|source)([0-9]*)\s*:\s*)([^]*)$/i;

/** The Name, Version, Release, Epoch and Source tags of a preamble, in all branches of its conditionals. */
export function tagsOf(lines: readonly SpecLine[]): SpecTag[] {
  const sourceNumber = sourceCounter();
  return lines.flatMap((line) => {
    sourceNumber.pass(line);
    const [, lead, name, digits, value] = TAG.exec(line.text) ?? [];
    if (lead === undefined || name === undefined || value === undefined) return [];
    const isSource = name.toLowerCase() === 'source';
    if (!isSource && digits !== '') return [];
    return [
      {
        line,
        name: name.toLowerCase(),
        lead,
        value: value.trim(),
        source: isSource ? sourceNumber.take(digits ?? '') : null,
      },
    ];
  });
}

/** Numbers of sources: an unnumbered one has the one before it plus 1; the branches of a conditional start from the same number. */
function sourceCounter(): { pass: (line: SpecLine) => void; take: (digits: string) => number } {
  let last = -1;
  const branches: { start: number; highest: number }[] = [];
  return {
    pass(line) {
      const kind = conditionalOf(line);
      const branch = branches.at(-1);
      if (kind === 'if') branches.push({ start: last, highest: last });
      if (branch === undefined || (kind !== 'else' && kind !== 'endif')) return;
      branch.highest = Math.max(branch.highest, last);
      last = kind === 'else' ? branch.start : branch.highest;
      if (kind === 'endif') branches.pop();
    },
    take(digits) {
      last = digits === '' ? last + 1 : Number(digits);
      return last;
    },
  };
}

/** A line `%global name body` or `%define name body`, without arguments. */
export interface SpecDefinition {
  line: SpecLine;
  lead: string;
  name: string;
  body: string;
}

/** The definitions that stand in lines of their own, in all branches of conditionals. */
export function definitionsOf(lines: readonly SpecLine[]): SpecDefinition[] {
  return lines.flatMap((line) => {
    const [, lead, name, body] =
      /^(\s*%(?:global|define)\s+([A-Za-z_][A-Za-z0-9_]*)[ \t]+)([^]*)$/.exec(line.text) ?? [];
    return lead === undefined || name === undefined || body === undefined
      ? []
      : [{ line, lead, name, body: body.trim() }];
  });
}

/** The macro a value consists of: `%{upstream_version}` or `%upstream_version`, nothing else. */
export function soleMacro(value: string): string | undefined {
  const [, braced, bare] = /^%(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))$/.exec(value) ?? [];
  return braced ?? bare;
}

const MAX_EXPANSIONS = 50;

/**
 * `value` with the spec's own plain definitions put in, as far as that goes without running anything; null when something else is left.
 * Knows `%name`, `%{name}`, `%{?name}`, `%{?name:text}` and `%{!?name:text}`, an unknown name being undefined in the last three.
 */
export function expandPlainly(value: string, definitions: ReadonlyMap<string, string>): string | null {
  let text = value;
  for (let round = 0; round < MAX_EXPANSIONS && text.length < 4096; round += 1) {
    const found = /%(?:\{([!?]*)([A-Za-z_][A-Za-z0-9_]*)(?::([^{}%]*))?\}|([A-Za-z_][A-Za-z0-9_]*))/.exec(text);
    if (found === null) return text.includes('%') ? null : text;
    const [whole, marks = '', braced, otherwise, bare = ''] = found;
    const body = definitions.get(braced ?? bare);
    const put = expansion(marks, body, otherwise);
    if (put === null) return null;
    text = text.slice(0, found.index) + put + text.slice(found.index + whole.length);
  }
  return null;
}

function expansion(marks: string, body: string | undefined, otherwise: string | undefined): string | null {
  if (!marks.includes('?')) return otherwise === undefined ? (body ?? null) : null;
  const wanted = marks.includes('!') ? body === undefined : body !== undefined;
  if (!wanted) return '';
  return otherwise ?? (marks.includes('!') ? '' : (body ?? ''));
}
