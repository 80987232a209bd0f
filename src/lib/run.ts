import type { Options } from 'execa';
import { onAbort } from './aborts.ts';
import { TrunklineError } from './errors.ts';
import { redact } from './redact.ts';

export interface RunOptions {
  cwd?: string;
  /** The whole environment of the child besides `BASE_ENVIRONMENT`; nothing is inherited. */
  env?: Record<string, string>;
  input?: string | Uint8Array;
  /** Standard output and error, interleaved, are appended to this file instead of being returned. */
  logFile?: string;
  /** Milliseconds; then the whole process group is ended. */
  timeout?: number;
  signal?: AbortSignal;
  /** Bytes kept of each of stdout and stderr; more ends the process with an error. Default 64 MiB. */
  maxOutput?: number;
  /** How output becomes text. `utf8` replaces what is not UTF-8; `latin1` keeps every byte as one character. Default `utf8`. */
  encoding?: 'utf8' | 'latin1';
  /** Exit codes that are not an error. Default `[0]`. */
  okExitCodes?: readonly number[];
}

export interface RunResult {
  stdout: string;
  stderr: string;
  exitCode: number;
  /** Seconds of wall clock. */
  seconds: number;
}

/** What every child process sees of the environment: no locale, no proxy, no secret of ours. */
export const BASE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
};

/** A program that could not be started, was ended, or exited with a code that is not expected. */
export class ProcessError extends TrunklineError {
  override readonly name = 'ProcessError';
  readonly command: readonly string[];
  readonly exitCode: number | undefined;
  readonly signalName: string | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;

  constructor(
    command: readonly string[],
    outcome: {
      exitCode?: number;
      signal?: string;
      timedOut?: boolean;
      missing?: boolean;
      stdout: string;
      stderr: string;
      cause?: unknown;
    },
  ) {
    const how = outcome.missing
      ? 'is not installed'
      : outcome.timedOut
        ? 'took too long'
        : outcome.signal !== undefined
          ? `was ended by ${outcome.signal}`
          : `exited with ${String(outcome.exitCode)}`;
    const tail = lastLines(outcome.stderr.trim() === '' ? outcome.stdout : outcome.stderr, 5);
    super(
      outcome.missing ? 'missing_tool' : 'process_failed',
      redact(`${command.slice(0, 4).join(' ')} ${how}${tail === '' ? '' : `: ${tail}`}`),
      { cause: outcome.cause },
    );
    this.command = command;
    this.exitCode = outcome.exitCode;
    this.signalName = outcome.signal;
    this.timedOut = outcome.timedOut ?? false;
    this.stdout = outcome.stdout;
    this.stderr = outcome.stderr;
  }
}

/**
 * Runs a program without a shell, in its own process group, with a chosen environment; ends the whole group on timeout or abort.
 * @throws ProcessError when it cannot be started, is ended, or its exit code is not in `okExitCodes`.
 */
export async function run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const { result, started, killed } = await start(command, options);
  const seconds = (performance.now() - started) / 1000;
  const stdout = typeof result.stdout === 'string' ? result.stdout : '';
  const stderr = typeof result.stderr === 'string' ? result.stderr : '';
  const ok = options.okExitCodes ?? [0];
  if (result.exitCode !== undefined && ok.includes(result.exitCode) && !killed.value)
    return { stdout, stderr, exitCode: result.exitCode, seconds };
  throw new ProcessError(command, {
    ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
    ...(result.signal === undefined ? {} : { signal: result.signal }),
    timedOut: killed.value && !(options.signal?.aborted ?? false),
    missing: result.code === 'ENOENT' && result.exitCode === undefined,
    stdout,
    stderr,
    cause: result,
  });
}

async function start(command: readonly [string, ...string[]], options: RunOptions) {
  const settings = {
    env: { ...BASE_ENVIRONMENT, ...options.env },
    extendEnv: false,
    detached: true,
    cleanup: true,
    reject: false,
    stripFinalNewline: false,
    encoding: options.encoding ?? 'utf8',
    maxBuffer: options.maxOutput ?? 64 * 1024 * 1024,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    ...(options.logFile === undefined
      ? {}
      : { stdout: { file: options.logFile, append: true }, stderr: { file: options.logFile, append: true } }),
  } satisfies Options;
  // Loaded by the first program that is run: a server that waits runs none.
  const { execa } = await import('execa');
  const started = performance.now();
  const child = execa(command[0], command.slice(1), settings);
  const killed = { value: false };
  const end = () => {
    killed.value = true;
    endGroup(child.pid);
  };
  const timer = options.timeout === undefined ? undefined : setTimeout(end, options.timeout);
  const forget = onAbort(options.signal, end);
  try {
    return { result: await child, started, killed };
  } finally {
    clearTimeout(timer);
    forget();
  }
}

/** SIGTERM to the process group `pid` leads, SIGKILL two seconds later to what is left of it. */
export function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  signalGroup(pid, 'SIGTERM');
  setTimeout(() => {
    signalGroup(pid, 'SIGKILL');
  }, 2000).unref();
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended already.
  }
}

/** The last `count` lines of `text`, without trailing blank ones. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
