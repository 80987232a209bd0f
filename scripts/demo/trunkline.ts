import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/lib/index.ts';

const program = fileURLToPath(new URL('../../bin/trunkline.js', import.meta.url));

/** Runs the command line with its output on this terminal. Answers the exit code; @throws when it is not among `expected`. */
export async function trunkline(args: readonly string[], expected: readonly number[] = [0]): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise<number>((resolve) => {
    child.on('close', (status) => {
      resolve(status ?? 1);
    });
  });
  if (!expected.includes(code)) throw new Error(`trunkline ${args.join(' ')} exited with ${code}`);
  return code;
}

/** Runs the command line with `--json` and answers what it printed. */
export async function trunklineJson<T>(args: readonly string[]): Promise<T> {
  const { stdout } = await run([process.execPath, program, ...args, '--json']);
  return JSON.parse(stdout) as T;
}
