import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { TrunklineError } from '../errors.ts';
import { BASE_ENVIRONMENT } from '../run.ts';

/** A small process of ours that answers one line to each line, and ends when its standard input does: at the latest with this process. */
export interface LineServer {
  readonly pid: number;
  /** True until the process has ended. */
  readonly alive: boolean;
  /** The answer to `line`; answers come in the order of the requests. @throws TrunklineError `sandbox_failed` when it ends instead. */
  ask(line: string): Promise<string>;
  /** SIGKILL, and the moment it has ended. */
  kill(): Promise<void>;
}

/**
 * Starts `command` and waits for its first line, which must be `greeting`. The process does not keep this one alive.
 * @throws TrunklineError `sandbox_failed` with what it wrote to standard error.
 */
export async function startLineServer(command: readonly [string, ...string[]], greeting: string): Promise<LineServer> {
  const child = spawn(command[0], command.slice(1), {
    env: { ...BASE_ENVIRONMENT },
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const server = serve(child);
  const first = await server.ask('');
  if (first !== greeting) {
    await server.kill();
    throw new TrunklineError('sandbox_failed', `The sandbox could not be set up: it said '${first}'`);
  }
  return server;
}

function serve(child: ChildProcess): LineServer {
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  const state = { alive: true, stderr: '' };
  const ended = new Promise<void>((resolve) => {
    const finish = (reason: string) => {
      state.alive = false;
      const error = new TrunklineError('sandbox_failed', `The sandbox could not be set up: ${reason}`, {
        hint: 'trunkline target check says what this machine lacks',
      });
      for (const request of waiting.splice(0)) request.reject(error);
      resolve();
    };
    child.once('error', (error) => {
      finish(error.message);
    });
    child.once('close', () => {
      finish(state.stderr.trim() === '' ? 'its process has ended' : state.stderr.trim());
    });
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    if (state.stderr.length < 4096) state.stderr += chunk.toString();
  });
  child.stdin?.on('error', () => undefined);
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      waiting.shift()?.resolve(line);
      if (waiting.length === 0) keepAlive(child, false);
    });
  return {
    pid: child.pid ?? 0,
    get alive() {
      return state.alive;
    },
    ask: (line) =>
      new Promise((resolve, reject) => {
        if (!state.alive) {
          reject(new TrunklineError('sandbox_failed', 'The sandbox has ended'));
          return;
        }
        waiting.push({ resolve, reject });
        keepAlive(child, true);
        if (line !== '') child.stdin?.write(`${line}\n`);
      }),
    kill: async () => {
      if (!state.alive) return;
      keepAlive(child, true);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Whether a child keeps this process's event loop going: only while an answer of it is awaited. */
export function keepAlive(child: ChildProcess, needed: boolean): void {
  for (const handle of [child, ...child.stdio]) {
    const reference = handle as Partial<Record<'ref' | 'unref', () => void>> | null;
    if (needed) reference?.ref?.();
    else reference?.unref?.();
  }
}
