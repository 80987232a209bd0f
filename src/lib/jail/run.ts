import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { onAbort } from '../aborts.ts';
import { TrunklineError } from '../errors.ts';
import { BASE_ENVIRONMENT } from '../run.ts';
import type { JailGroup, RunGroup } from './cgroups.ts';
import type { Holder } from './holder.ts';
import type { Keeper, NamespaceFile } from './keeper.ts';
import { keepAlive } from './line-server.ts';
import { capture, captureToFile, outputBudget, type Output, type Pipe, type PipePool } from './output.ts';
import { inheritedDescriptors } from './descriptors.ts';
import { JOIN } from './scripts.ts';
import type { JailResult, JailRun, JailStop } from './types.ts';

/** What the runs of one jail share. */
export interface RunSpace {
  keeper: Keeper;
  holder: Holder;
  group: JailGroup;
  pipes: PipePool;
  /** Aborted when the jail ends. */
  ending: AbortSignal;
}

interface Running {
  child: ChildProcess;
  group: RunGroup;
  pipes: readonly [Pipe, Pipe];
  status: Promise<string>;
  exit: Promise<number>;
}

/** What bubblewrap says, as its last words and with no exit code in its status, when it has set up everything but the program is not there. */
const NO_PROGRAM = /bwrap: execvp .*\s*$/;
const MAX_OUTPUT = 16 * 1024 * 1024;

/**
 * Runs bubblewrap with `args` in the namespaces of a jail, under its limits, and answers when every process of the run is gone.
 * @throws TrunklineError `sandbox_failed` when bubblewrap itself could not do its part.
 */
export async function runInSpace(
  space: RunSpace,
  number: number,
  args: string[],
  options: JailRun,
): Promise<JailResult> {
  const group = await space.group.addRun(number);
  const input = options.talk === undefined ? await openInput(space.holder, number, options.input) : 'pipe';
  const killsBefore = await space.group.memoryKills();
  const ended: { stop: JailStop } = { stop: null };
  let running: Running | undefined;
  const end = (reason: NonNullable<JailStop>) => {
    ended.stop ??= reason;
    if (running !== undefined) keepAlive(running.child, true);
    // Last the one we wait for: with its end its input ends, which is none that a program may take for its own.
    void group.kill().finally(() => running?.child.kill('SIGKILL'));
  };
  const release = onEither(space, options, end);
  let timer: NodeJS.Timeout | undefined;
  try {
    running = await start(space, group, args, options, input);
    if (ended.stop !== null) end(ended.stop);
    if (options.input instanceof Promise) await feed(running, options.input, end);
    timer = setTimeout(end, Math.min(options.timeout * 1000, 2 ** 31 - 1), 'time');
    if (options.talk !== undefined) timer.unref();
    const started = performance.now();
    const printed = readOutputs(running, options, end);
    const exitCode = await running.exit;
    const seconds = (performance.now() - started) / 1000;
    await group.remove();
    const [outputs, status] = await Promise.all([printed, running.status]);
    if ((await space.group.memoryKills()) > killsBefore) ended.stop ??= 'memory';
    const result = { stdout: outputs[0]?.text() ?? '', stderr: outputs[1]?.text() ?? '', stop: ended.stop, seconds };
    if (ended.stop !== null || status.includes('"exit-code"')) return { exitCode, ...result };
    if (outputs.some((output) => NO_PROGRAM.test(output.tail()))) return { exitCode: 127, ...result };
    throw setUpFailed(exitCode, outputs);
  } finally {
    clearTimeout(timer);
    release();
    if (input !== 'pipe') closeSync(input);
    if (options.input !== undefined) await rm(inputPath(space.holder, number), { force: true });
    await group.remove();
  }
}

/** Calls `end` on either abort. Answers what undoes it. */
function onEither(space: RunSpace, options: JailRun, end: (reason: 'aborted') => void): () => void {
  const abort = () => {
    end('aborted');
  };
  const releases = [space.ending, options.signal].map((signal) => onAbort(signal, abort));
  return () => {
    for (const release of releases) release();
  };
}

/** Waits for the bytes of a run that was started ahead, and hands them over; or for its end, should it not wait. */
async function feed(running: Running, input: Promise<Uint8Array>, end: (reason: 'aborted') => void): Promise<void> {
  const { child, exit } = running;
  child.stdin?.on('error', () => undefined);
  keepAlive(child, false);
  const bytes = await Promise.race([input, exit.then(() => undefined)]).catch(() => {
    end('aborted');
    return undefined;
  });
  keepAlive(child, true);
  if (bytes !== undefined) child.stdin?.end(bytes);
}

async function start(
  space: RunSpace,
  group: RunGroup,
  args: string[],
  options: JailRun,
  input: number | 'pipe',
): Promise<Running> {
  const stdout = await space.pipes.take();
  const stderr = options.logFile === undefined ? await space.pipes.take() : stdout;
  const users = space.keeper.users;
  const user: NamespaceFile = options.user === 'root' ? users.root : users.builder;
  // Opened for each run: bubblewrap reads it from where it stands to its end.
  const filter = space.keeper.filter === undefined ? undefined : openSync(space.keeper.filter, 'r');
  const inherited = await inheritedDescriptors();
  const child = spawn(
    inherited.length === 0 ? '/bin/sh' : '/bin/bash',
    [
      // bash takes a socket as its input for a remote shell's, and reads ~/.bashrc.
      ...(inherited.length === 0 ? [] : ['--norc']),
      '-c',
      JOIN,
      'trunkline-run',
      inherited.join(' '),
      ...group.procs,
      '--',
      '/usr/bin/nsenter',
      `--mount=${space.holder.mountSpace.path}`,
      `--user=${user.path}`,
      '--',
      '/usr/bin/bwrap',
      ...args,
    ],
    {
      env: { ...BASE_ENVIRONMENT },
      cwd: '/',
      detached: true,
      // In the order of STATUS_FD, USER_NAMESPACE_FD, FILTER_FD.
      stdio: [
        input,
        stdout.writer,
        stderr.writer,
        'pipe',
        options.user === 'root' ? 'ignore' : users.builderInner.fd,
        filter ?? 'ignore',
      ],
    },
  );
  if (filter !== undefined) closeSync(filter);
  for (const pipe of new Set([stdout, stderr])) pipe.closeWriter();
  const exit = exitOf(child);
  // Awaited later.
  exit.catch(() => undefined);
  return { child, group, pipes: [stdout, stderr], status: readStatus(child), exit };
}

function readOutputs(
  running: Running,
  options: JailRun,
  end: (reason: 'output' | 'aborted') => void,
): Promise<Output[]> {
  const budget = outputBudget(options.maxOutput ?? MAX_OUTPUT, () => {
    end('output');
  });
  const toFile = (path: string) =>
    captureToFile(running.pipes[0], path, budget, () => {
      end('aborted');
    }).then((output) => [output]);
  const outputs = options.logFile === undefined ? capturePipes(running, options, budget) : toFile(options.logFile);
  // Awaited only after the processes have ended.
  outputs.catch(() => undefined);
  return outputs;
}

function capturePipes(running: Running, options: JailRun, budget: (chunk: Buffer) => Buffer): Promise<Output[]> {
  const [output, errors] = running.pipes.map((pipe) => pipe.read());
  if (output === undefined || errors === undefined) throw new Error('a run has two pipes');
  const captured = capture(errors, budget);
  if (options.talk === undefined) return Promise.all([capture(output, budget, options.encoding), captured]);
  return Promise.all([talkTo(running.child, output, errors, options.talk), captured]);
}

/** The program's standard output is the talker's. Answers when that has been read to its end. */
async function talkTo(
  child: ChildProcess,
  output: Socket,
  errors: Socket,
  talk: NonNullable<JailRun['talk']>,
): Promise<Output> {
  const input = child.stdin;
  if (input === null) throw new Error('a program that is talked to has a pipe as its standard input');
  const ended = new Promise((resolve) => output.once('close', resolve));
  // What is written last may find the program gone, which the end of its output tells.
  for (const side of [input, output]) side.on('error', () => undefined);
  const needed = (yes: boolean) => {
    keepAlive(child, yes);
    for (const socket of [output, errors])
      if (yes) socket.ref();
      else socket.unref();
  };
  talk({ input, output, needed });
  await ended;
  return { text: () => '', tail: () => '' };
}

async function readStatus(child: ChildProcess): Promise<string> {
  let text = '';
  const stream = child.stdio[3];
  if (stream && 'on' in stream) {
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => stream.once('close', resolve));
  }
  return text;
}

/** 128 + signal number for a signal, as a shell has it. */
function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(
        new TrunklineError('sandbox_failed', `The sandbox could not be started: ${error.message}`, { cause: error }),
      );
    });
    child.once('exit', (code) => {
      resolve(code ?? 137);
    });
  });
}

function setUpFailed(exitCode: number, outputs: readonly Output[]): TrunklineError {
  const words = outputs.map((output) => output.tail().trim()).join(' ');
  return new TrunklineError('sandbox_failed', `The sandbox could not be set up (exit ${String(exitCode)}): ${words}`, {
    hint: 'trunkline target check says what this machine lacks',
  });
}

function inputPath(holder: Holder, number: number): string {
  return join(holder.directory, 'in', String(number));
}

/** A file, not a pipe, where the content is there: a program may open /dev/stdin again or seek in it, and it is never asked to be read. */
async function openInput(holder: Holder, number: number, input: JailRun['input']): Promise<number | 'pipe'> {
  if (input === undefined) return openSync('/dev/null', 'r');
  if (input instanceof Promise) return 'pipe';
  const path = inputPath(holder, number);
  await writeFile(path, input, { mode: 0o644 });
  return openSync(path, 'r');
}
