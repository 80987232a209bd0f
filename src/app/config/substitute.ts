import type { Path } from './yaml.ts';

/** A placeholder that cannot be filled in. */
export interface SubstitutionProblem {
  path: Path;
  key: string;
  why: 'unknown' | 'no_text' | 'unfinished' | 'nested';
}

const PLACEHOLDER = /%%\(|%\(([^()%]*)\)s|%\(/g;

/**
 * `value` with every `%(key)s` in its texts replaced by what `lookup` gives, once: what was filled in is not looked at again.
 * `%%(` stands for `%(`. Problems are added to `problems`; their texts stay as they are.
 */
export function substitute(
  value: unknown,
  lookup: (key: string) => string | undefined | null,
  problems: SubstitutionProblem[],
  path: Path = [],
): unknown {
  if (typeof value === 'string') return substituteText(value, lookup, problems, path);
  if (Array.isArray(value)) return value.map((item, index) => substitute(item, lookup, problems, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, substitute(item, lookup, problems, [...path, key])]),
  );
}

function substituteText(
  text: string,
  lookup: (key: string) => string | undefined | null,
  problems: SubstitutionProblem[],
  path: Path,
): string {
  return text.replace(PLACEHOLDER, (placeholder, key: string | undefined) => {
    if (placeholder === '%%(') return '%(';
    if (key === undefined) {
      problems.push({ path, key: text.slice(0, 60), why: 'unfinished' });
      return placeholder;
    }
    const found = lookup(key);
    const why =
      found === undefined ? 'unknown' : found === null ? 'no_text' : found.includes('%(') ? 'nested' : undefined;
    if (why) problems.push({ path, key, why });
    return why ? placeholder : (found ?? placeholder);
  });
}
