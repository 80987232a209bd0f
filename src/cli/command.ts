import type { Logger } from '../lib/index.ts';
import type { Settings } from '../model/index.ts';
import type { Printer } from './print.ts';

/** 0: all good. 1: something failed, or the command could not be carried out. 2: something waits for a retry. */
export type ExitCode = 0 | 1 | 2;

export interface Argument {
  /** In capitals, as help shows it: `PROJECT`. */
  name: string;
  description: string;
  optional?: boolean;
  /** Takes all that follow; only for the last one. */
  variadic?: boolean;
}

/** An option as one record: it feeds parsing and `--help`. */
export interface Option {
  /** As commander reads them: `-f, --follow`, `--jobs <N>`, `--project <NAME...>`. */
  flags: string;
  description: string;
  default?: string | boolean;
  /** The command is refused without it. */
  required?: boolean;
  choices?: readonly string[];
  /** Turns the text into a value. @throws TrunklineError `invalid_argument`. */
  parse?: (text: string) => unknown;
}

/** Of commands that a running server is asked for. */
export const TOKEN_FILE: Option = {
  flags: '--token-file <FILE>',
  description: 'the token for a running server (default: $TRUNKLINE_TOKEN, or none for its own user)',
};

/** Of commands that change who may do what. */
export const ACCESS_OPTIONS: readonly Option[] = [
  { flags: '--reason <TEXT>', description: 'why; it is written to the audit log' },
  TOKEN_FILE,
];

/** What `ACCESS_OPTIONS` say. */
export interface AccessOptions {
  reason?: string;
  tokenFile?: string;
}

/** What a command is given to work with. Everything in it is made when it is first asked for. */
export interface Context<Options> {
  /** The arguments in order; one that was left out is undefined. A variadic one's values follow each other. */
  args: readonly (string | undefined)[];
  options: Options;
  print: Printer;
  /** What `--config` said. */
  config: string | undefined;
  /** The configuration, checked; `--log-level` is already in it. @throws ConfigError with every mistake. */
  settings: () => Promise<Settings>;
  /** Logs to standard error at the configured level. */
  log: () => Promise<Logger>;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP; a second one, at least a second later, ends the process at once. */
  signal: AbortSignal;
}

/**
 * A command of the command line. Its file holds this record and imports nothing but types at its top: what it calls is imported in `run`,
 * so that `trunkline --version` does not wait for a database driver. See commands/config-check.ts for an example.
 */
export interface Command<Options = Record<string, unknown>> {
  /** `['config', 'check']` for `trunkline config check`. */
  path: readonly [string, ...string[]];
  summary: string;
  /** What `--help` says besides the summary. */
  details?: string;
  args?: readonly Argument[];
  options?: readonly Option[];
  run: (context: Context<Options>) => Promise<ExitCode>;
}

/** Makes a command from its record; `Options` is what commander makes of its options (camel case). */
export function defineCommand<Options>(command: Command<Options>): Command {
  return command as unknown as Command;
}

/** For `Option.parse`: a whole number in a range. */
export function wholeNumber(name: string, smallest: number, largest: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= smallest && number <= largest) return number;
    throw new RangeError(`${name} must be a whole number from ${smallest} to ${largest}, not ${JSON.stringify(text)}`);
  };
}
