import type { SpecLine } from './spec-lines.ts';

interface SetupLine {
  line: SpecLine;
  lead: string;
  /** The arguments but for -n and -c. */
  rest: string[];
  /** What -n names, as it is written; null for the default. */
  directory: string | null;
  /** Whether it unpacks source 0: no -T, or -a 0 or -b 0. */
  unpacks: boolean;
}

const WITH_ARGUMENT = 'abnpS';

/**
 * Makes `%setup` and `%autosetup` of source 0, and later ones that go to the same directory, enter `topDirectory`: with `-n`, as packit does,
 * and without `-c`, since what they unpack has its one top directory.
 */
export function enterTopDirectory(prep: readonly SpecLine[], topDirectory: string): void {
  const setups = prep.flatMap((line) => parseSetup(line) ?? []);
  const entered = new Set(setups.filter(({ unpacks }) => unpacks).map(({ directory }) => directory));
  for (const { line, lead, rest, directory } of setups)
    if (entered.has(directory)) line.text = [lead, ...rest, `-n ${topDirectory}`].join(' ');
}

function parseSetup(line: SpecLine): SetupLine | undefined {
  const [, lead, rest] = /^(\s*%(?:autosetup|setup))(?=\s|$)([^]*)$/.exec(line.text) ?? [];
  if (lead === undefined || rest === undefined) return undefined;
  const setup: SetupLine = { line, lead, rest: [], directory: null, unpacks: true };
  const words = shellWords(rest);
  let created = false;
  let [without, again] = [false, false];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const options = /^-([A-Za-z])([^]*)$/.exec(word);
    if (options === null) {
      setup.rest.push(word);
      continue;
    }
    for (let [letter, more] = [options[1] ?? '', options[2] ?? '']; letter !== '';) {
      if (WITH_ARGUMENT.includes(letter)) {
        const argument = more === '' ? (words.shift() ?? '') : more;
        if (letter === 'n') setup.directory = argument;
        else setup.rest.push(more === '' ? `-${letter} ${argument}` : `-${letter}${argument}`);
        if ((letter === 'a' || letter === 'b') && argument === '0') again = true;
        break;
      }
      if (letter === 'T') without = true;
      if (letter === 'c' || letter === 'C') created = true;
      else setup.rest.push(`-${letter}`);
      [letter, more] = [more.slice(0, 1), more.slice(1)];
    }
  }
  setup.unpacks = !without || again;
  if (created && !setup.unpacks) return undefined;
  return setup;
}

/** Words as the shell would split them, quotes and macros kept whole. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  let depth = 0;
  for (const character of text) {
    if (quote === '' && depth === 0 && /\s/.test(character)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if ('{('.includes(character) && (depth > 0 || word.endsWith('%'))) depth += 1;
    else if ('})'.includes(character) && depth > 0) depth -= 1;
    word += character;
  }
  if (word !== '') words.push(word);
  // rpm passes a comment on as arguments, and ignores them; ours must not stand behind it.
  const comment = words.indexOf('#');
  return comment < 0 ? words : words.slice(0, comment);
}
