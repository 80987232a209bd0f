import { Argument, Command as CommanderCommand, InvalidArgumentError, Option } from 'commander';
import type { LogLevel } from '../model/index.ts';
import type { Command, Context, Option as OptionRecord } from './command.ts';

/** Options every command takes, before or after its name. */
export interface GlobalOptions {
  config?: string;
  json: boolean;
  quiet: boolean;
  logLevel?: LogLevel;
}

export type Start = (
  command: Command,
  globals: GlobalOptions,
  given: Pick<Context<Record<string, unknown>>, 'args' | 'options'>,
) => Promise<void>;

// The same words as model's LOG_LEVELS, which importing would cost every start more than it is worth; a test compares them.
export const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

const EXPLANATION = `
Configuration: --config, else $TRUNKLINE_CONFIG, else ./trunkline.yaml, else /etc/trunkline/trunkline.yaml.
Exit codes: 0 all good, 1 something failed, 2 something waits for a retry.`;

/** The command line of these commands; `start` runs the one that was chosen. */
export function createProgram(commands: readonly Command[], version: string, start: Start): CommanderCommand {
  const program = new CommanderCommand('trunkline')
    .description('Packages every upstream commit, as RPM and deb, in repositories that install.')
    .version(version, '-V, --version', 'print the version')
    .option('--config <FILE>', 'the configuration file')
    .option('--json', 'print results as JSON', false)
    .option('--quiet', 'print results and errors only', false)
    .addOption(new Option('--log-level <LEVEL>', 'what is logged on standard error').choices(LEVELS))
    .addHelpText('after', EXPLANATION)
    .showHelpAfterError('(trunkline help shows what there is)')
    // commander breaks no line where less than 40 columns are left beside the longest command.
    .configureOutput({ getOutHelpWidth: () => Math.max(100, process.stdout.columns || 0) })
    .exitOverride();
  for (const command of commands) addCommand(program, command, start);
  return program;
}

function addCommand(program: CommanderCommand, command: Command, start: Start): void {
  let parent = program;
  for (const name of command.path.slice(0, -1)) {
    const group = parent.commands.find((candidate) => candidate.name() === name);
    parent = group ?? parent.command(name).description(GROUPS[name] ?? '');
  }
  const added = parent.command(command.path.at(-1) ?? '').description(command.summary);
  if (command.details !== undefined) added.addHelpText('after', `\n${command.details}`);
  for (const { name, description, optional, variadic } of command.args ?? []) {
    const inner = variadic ? `${name}...` : name;
    added.addArgument(new Argument(optional ? `[${inner}]` : `<${inner}>`, description));
  }
  for (const option of command.options ?? []) added.addOption(makeOption(option));
  added.action(async () => {
    const args = (added.processedArgs as (string | string[] | undefined)[]).flat();
    await start(command, program.opts<GlobalOptions>(), { args, options: added.opts() });
  });
}

/** What a first word stands for that has commands below it. */
const GROUPS: Readonly<Record<string, string>> = {
  build: 'look at one build',
  pkg: 'bring packages in, list and show them',
  config: 'check the configuration, print its schema',
  grant: 'say who may do what',
  team: 'give the same grants to several users',
  token: 'let programs and workers in',
  user: 'say who may log in',
  hold: 'keep snapshots from the garbage collector',
  ref: 'names that point at snapshots: list, move, undo, remove',
  snapshot: 'list, show, compare and materialise snapshots',
  repo: 'verify published repositories',
  target: 'prepare targets, say what they lack',
  vote: 'what CI jobs say of builds and snapshots',
};

function makeOption({ flags, description, default: fallback, required, choices, parse }: OptionRecord): Option {
  const option = new Option(flags, description);
  if (fallback !== undefined) option.default(fallback);
  if (required) option.makeOptionMandatory();
  if (choices) option.choices(choices);
  if (parse)
    option.argParser((text) => {
      try {
        return parse(text);
      } catch (error) {
        throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
      }
    });
  return option;
}
