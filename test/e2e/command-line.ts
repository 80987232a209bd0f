import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** `TRUNKLINE_PROGRAM` has the tests use another, such as an installed one. */
export const PROGRAM =
  process.env.TRUNKLINE_PROGRAM ?? fileURLToPath(new URL('../../bin/trunkline.js', import.meta.url));

export interface Finished {
  /** null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `trunkline` as a process of its own, leader of its process group. */
export interface RunningCommand {
  pid: number;
  /** What it has printed so far. */
  output: { stdout: string; stderr: string };
  done: Promise<Finished>;
  kill(signal: NodeJS.Signals): void;
  /** The signal to the whole process group. */
  killGroup(signal: NodeJS.Signals): void;
}

/** Starts `program` (bin/trunkline.js) as a user does, with nothing of this process's environment but PATH, and `env`; with `host`, in that network namespace. */
export function start(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; host?: string; program?: string } = {},
): RunningCommand {
  // nsenter(1) becomes the program, and unlike `ip netns exec` leaves mounts as they are: control groups are found there.
  const { host, program = PROGRAM } = options;
  const [command, before] =
    host === undefined ? [process.execPath, []] : ['nsenter', [`--net=/run/netns/${host}`, process.execPath]];
  const child = spawn(command, [...before, program, ...args], {
    cwd: options.cwd ?? '/',
    detached: true,
    env: {
      PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/nonexistent',
      LANG: 'C.UTF-8',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const done = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, ...output });
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} could not be started`);
  return {
    pid,
    output,
    done,
    kill: (signal) => child.kill(signal),
    killGroup: (signal) => {
      process.kill(-pid, signal);
    },
  };
}

/** Waits until `condition` answers something but undefined and false. @throws with `what` after `timeout` milliseconds. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeout = 60_000,
): Promise<Exclude<T, undefined | false | null>> {
  const end = performance.now() + timeout;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false && found !== null) return found as Exclude<T, undefined | false | null>;
    if (performance.now() > end) throw new Error(`waited ${timeout} ms in vain for: ${what}`);
    await pause(50);
  }
}
