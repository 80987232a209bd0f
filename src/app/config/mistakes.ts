import { TrunklineError } from '../../lib/index.ts';

/** One mistake in the configuration: where (lines and columns from 1), what is wrong, what to do. */
export interface Mistake {
  file: string;
  line: number;
  column: number;
  what: string;
  remedy: string;
}

/** All mistakes of a configuration at once, in the file's order. Its message has a line for each. */
export class ConfigError extends TrunklineError {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly Mistake[];

  constructor(file: string, mistakes: readonly Mistake[]) {
    const count = mistakes.length === 1 ? 'one mistake' : `${mistakes.length} mistakes`;
    super(
      'config_invalid',
      `${count} in ${file}\n${mistakes.map((mistake) => `  ${describeMistake(mistake)}`).join('\n')}`,
    );
    this.mistakes = mistakes;
  }
}

/** `file:line:column: what; remedy` in one line. */
export function describeMistake(mistake: Mistake): string {
  return `${mistake.file}:${mistake.line}:${mistake.column}: ${mistake.what}; ${mistake.remedy}`;
}

/** The mistakes in the order of the file, each once. */
export function inOrder(mistakes: readonly Mistake[]): Mistake[] {
  const seen = new Set<string>();
  return mistakes
    .filter((mistake) => {
      const key = describeMistake(mistake);
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column);
}
