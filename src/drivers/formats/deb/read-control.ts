import { TrunklineError } from '../../../lib/index.ts';

interface Line {
  text: string;
  number: number;
}

export interface Control {
  /** Of the source package. */
  name: string;
  /** Every Section that it states, and in which line. */
  sections: readonly Readonly<Line>[];
}

/**
 * What a `debian/control` says, whose stanzas and fields are checked as far as dpkg needs to read them (deb822(5)).
 * @throws TrunklineError `source_invalid` with the line.
 */
export function readControl(text: string, file: string): Control {
  const stanzas = stanzasOf(text).map((lines) => fieldsOf(lines, file));
  const fail = failure(file);
  const [source, ...binaries] = stanzas;
  const name = source?.get('source');
  if (source === undefined || name === undefined)
    throw fail(1, 'The first paragraph has no Source field', 'start the file with a paragraph "Source: NAME"');
  if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name.text) || name.text.length > 200)
    throw fail(
      name.number,
      `${JSON.stringify(name.text.slice(0, 60))} is no name for a source package`,
      'write it with two or more lower case letters, digits and +-.',
    );
  if (binaries.length === 0)
    throw fail(name.number, 'There is no paragraph for a binary package', 'add a paragraph "Package: NAME"');
  for (const binary of binaries) {
    const again = binary.get('source');
    const first = [...binary.values()][0]?.number ?? 1;
    if (again !== undefined && !binary.has('package'))
      throw fail(again.number, 'There is a second Source paragraph', 'keep one; a source package has one name');
    if (!binary.has('package'))
      throw fail(first, 'This paragraph has no Package field', 'name the binary package in it');
  }
  return { name: name.text, sections: stanzas.flatMap((stanza) => stanza.get('section') ?? []) };
}

const failure =
  (file: string) =>
  (number: number, message: string, hint: string): TrunklineError =>
    new TrunklineError('source_invalid', message, { where: `${file}:${String(number)}`, hint });

/** Paragraphs, which blank lines divide; comment lines are left out. */
function stanzasOf(text: string): Line[][] {
  const stanzas: Line[][] = [[]];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('#')) continue;
    if (line.trim() === '') stanzas.push([]);
    else stanzas.at(-1)?.push({ text: line.trimEnd(), number: index + 1 });
  }
  return stanzas.filter((lines) => lines.length > 0);
}

/** Field name in lower case → first line of its value. */
function fieldsOf(lines: readonly Line[], file: string): Map<string, Line> {
  const fail = failure(file);
  const fields = new Map<string, Line>();
  for (const { text, number } of lines) {
    if (/^[ \t]/.test(text)) {
      if (fields.size === 0)
        throw fail(
          number,
          'A paragraph starts with a continuation line',
          'start it with a field, without blanks before its name',
        );
      continue;
    }
    const [, name, value] = /^([!-9;-~]+)[ \t]*:(.*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined || name.startsWith('-'))
      throw fail(
        number,
        `${JSON.stringify(text.slice(0, 60))} is no field`,
        'write "Name: value", and start continuation lines with a blank',
      );
    if (fields.has(name.toLowerCase()))
      throw fail(number, `The field ${name} is there twice in one paragraph`, 'keep one of the two');
    fields.set(name.toLowerCase(), { text: value.trim(), number });
  }
  return fields;
}
