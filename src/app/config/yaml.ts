import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';
import type { Mistake } from './mistakes.ts';

export type Path = readonly (string | number)[];
export type Place = 'key' | 'value';

/** A YAML file with the places its values came from. */
export interface ConfigText {
  file: string;
  /** The file's content as plain values; `{}` for an empty file. */
  value: unknown;
  /** Where `path` stands, or the nearest thing around it that does; lines and columns from 1. */
  position: (path: Path, place?: Place) => { line: number; column: number };
  /** What the file says at `path`, as it is written there; undefined for what is no plain value. */
  written: (path: Path) => string | undefined;
}

/** Characters; a configuration of thousands of projects has a tenth. */
export const LARGEST_FILE = 4_000_000;
/** Far more than a person writes; a bomb multiplies ten aliases of ten aliases. */
const MOST_ALIASES = 500;

/** The parser compares each key of a mapping with each before it: 12 s with 10,000 projects. */
const PARSING = { prettyErrors: false, merge: true, strict: true, uniqueKeys: false } as const;

/** Reads YAML 1.2. Without `config`, the mistakes are such that nothing else can be said about the file. */
export function readYaml(file: string, content: string): { config?: ConfigText; mistakes: Mistake[] } {
  const whole = (what: string, remedy: string): Mistake => ({ file, line: 1, column: 1, what, remedy });
  if (content.length > LARGEST_FILE)
    return { mistakes: [whole('the file is larger than 4 MB', 'this is no configuration; check the path')] };
  const lines = new LineCounter();
  try {
    const document = parseDocument(content, { ...PARSING, lineCounter: lines });
    const mistakes = [...document.errors, ...document.warnings].map((error) => syntaxMistake(file, error, lines));
    if (document.errors.length > 0) return { mistakes };
    for (const offset of repeatedKeys(document)) {
      const { line, col } = lines.linePos(offset);
      mistakes.push({ file, line, column: col, what: 'this key is there twice', remedy: 'keep one of the two' });
    }
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
    return { config: configText(file, value, document, lines), mistakes };
  } catch (error) {
    // What the parser throws instead of reporting: too many aliases, and too deep a nesting.
    const deep = error instanceof RangeError;
    const what = deep
      ? 'the file is nested too deeply'
      : 'the file has too many aliases (*name), or an alias without an anchor';
    return { mistakes: [whole(what, deep ? 'nest less deeply' : 'write the values out, or use defaults')] };
  }
}

/** Where a key stands that its mapping has already. */
function repeatedKeys(document: Document): number[] {
  const found: number[] = [];
  visit(document, {
    Map: (_key, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) found.push(key.range?.[0] ?? 0);
        seen.add(key.value);
      }
    },
  });
  return found;
}

const REMEDIES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  MULTIPLE_DOCS: 'keep one document; remove the line ---',
  TAG_RESOLVE_FAILED: 'remove the tag (!…)',
  BAD_INDENT: 'indent the keys of one mapping alike',
  MULTILINE_IMPLICIT_KEY: 'put the key on one line, or quote the value',
  MISSING_CHAR: 'close what was opened',
};

function syntaxMistake(file: string, error: YAMLError, lines: LineCounter): Mistake {
  const { line, col } = lines.linePos(error.pos[0]);
  const what = lowerFirst(error.message.split('\n')[0] ?? '');
  const tab = /\btabs?\b/i.test(error.message);
  const remedy = tab ? 'indent with spaces' : (REMEDIES[error.code] ?? 'correct the YAML');
  return { file, line, column: col, what, remedy };
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

function configText(file: string, value: unknown, document: Document, lines: LineCounter): ConfigText {
  const at = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  return {
    file,
    value,
    position: (path, place = 'value') => at(offsetOf(document, path, place)),
    written: (path) => {
      const found = walk(document, path);
      const node = found.left === 0 ? found.value : undefined;
      return isScalar(node) ? node.source : undefined;
    },
  };
}

interface Found {
  key: Node | undefined;
  value: Node | undefined;
  /** Steps of the path that are not there. */
  left: number;
}

function walk(document: Document, path: Path): Found {
  let found: Found = { key: undefined, value: document.contents ?? undefined, left: path.length };
  for (const step of path) {
    const node = isAlias(found.value) ? found.value.resolve(document) : found.value;
    if (isMap(node)) {
      const pair = (node.items as Pair<Node, Node | null>[]).find(
        (item) => isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (!pair) return found;
      found = { key: pair.key, value: pair.value ?? undefined, left: found.left - 1 };
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      if (!item) return found;
      found = { key: undefined, value: item, left: found.left - 1 };
    } else return found;
  }
  return found;
}

function offsetOf(document: Document, path: Path, place: Place): number | undefined {
  const found = walk(document, path);
  const preferKey = place === 'key' || found.left > 0;
  const [first, second] = preferKey ? [found.key, found.value] : [found.value, found.key];
  return first?.range?.[0] ?? second?.range?.[0];
}
