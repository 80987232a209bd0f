import { spawn } from 'node:child_process';
import { PROGRAM } from '../e2e/command-line.ts';

export interface Said {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  cwd?: string;
  environment?: Record<string, string>;
  /** What stands on its standard input. */
  input?: string;
}

/** Runs the command line as a user does, in a process of its own, with nothing of this one's environment but PATH. */
export async function trunkline(
  args: readonly string[],
  { cwd, environment, input }: StartOptions = {},
): Promise<Said> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that never reads it may have ended.
  child.stdin.on('error', () => undefined).end(input);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...said };
}
