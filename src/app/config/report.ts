import type { Problem } from './issues.ts';
import type { Mistake } from './mistakes.ts';
import type { ConfigText, Path, Place } from './yaml.ts';

/** Where the readers of the file's sections put what they find wrong. */
export interface Report {
  /** Adds a mistake at `path`, counted from the top of the file. */
  add(path: Path, what: string, remedy: string, place?: Place): void;
  /** Adds problems whose paths start at `prefix`, or at what `origin` makes of them. */
  addAll(problems: readonly Problem[], origin: Path | ((path: Path) => Path)): void;
  readonly mistakes: Mistake[];
}

export function createReport(config: ConfigText): Report {
  const mistakes: Mistake[] = [];
  const add: Report['add'] = (path, what, remedy, place = 'value') => {
    mistakes.push({ file: config.file, ...config.position(path, place), what, remedy });
  };
  const addAll: Report['addAll'] = (problems, origin) => {
    for (const { path, place, what, remedy } of problems)
      add(typeof origin === 'function' ? origin(path) : [...origin, ...path], what, remedy, place);
  };
  return { add, addAll, mistakes };
}

/** `value` as a mapping; anything else is reported, nothing at all stands for an empty one. */
export function mappingAt(value: unknown, path: Path, report: Report): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  report.add(path, 'expected a mapping (key: value)', 'write one entry a line, as name: {…}');
  return {};
}
