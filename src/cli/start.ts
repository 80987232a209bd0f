import { CommanderError } from 'commander';
import type { Settings } from '../model/index.ts';
import type { Command, Context } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { reportFailure } from './failure.ts';
import { listenForInterrupts } from './interrupt.ts';
import { createPrinter } from './print.ts';
import { createProgram, type GlobalOptions, type Start } from './program.ts';

const start: Start = async (command, globals, given) => {
  const interrupt = listenForInterrupts();
  const print = createPrinter({ ...globals, stdout: process.stdout, stderr: process.stderr });
  try {
    process.exitCode = await command.run(contextOf(globals, given, print, interrupt.signal));
  } catch (error) {
    print.status(null);
    const aborted = interrupt.signal.aborted && error instanceof Error && error.name === 'AbortError';
    if (!aborted)
      await reportFailure(error, { json: globals.json, debug: /^(debug|trace)$/.test(globals.logLevel ?? '') });
    process.exitCode = 1;
  }
  print.status(null);
  process.exitCode = interrupt.exitCode() ?? process.exitCode;
};

function contextOf(
  globals: GlobalOptions,
  { args, options }: Parameters<Start>[2],
  print: Context<unknown>['print'],
  signal: AbortSignal,
): Parameters<Command['run']>[0] {
  let loaded: Promise<Settings> | undefined;
  const settings = () =>
    (loaded ??= import('../app/config/index.ts').then(async ({ loadSettings }) => {
      const read = await loadSettings({ config: globals.config });
      return { ...read, logLevel: globals.logLevel ?? read.logLevel };
    }));
  const log = async () => (await import('../lib/index.ts')).createLog((await settings()).logLevel);
  return { args, options, print, config: globals.config, settings, log, signal };
}

/** Parses the command line `argv` (as `process.argv`), runs its command and sets the process's exit code. */
export async function runCommandLine(argv: readonly string[], version: string): Promise<void> {
  // A reader that went away (`trunkline builds | head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await createProgram(COMMANDS, version, start).parseAsync(argv);
  } catch (error) {
    // commander has printed help, the version, or what is wrong with the command line.
    if (error instanceof CommanderError) process.exitCode = error.exitCode;
    else {
      await reportFailure(error, { json: argv.includes('--json'), debug: false });
      process.exitCode = 1;
    }
  }
}
