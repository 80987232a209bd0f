import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { installProgram } from '../../installed.ts';
import { BENCH } from '../deployment.ts';

const LONGEST_START = 120_000;

/** Sizes are multiplied with it: `TRUNKLINE_BENCH_SERVER=0.01` makes a quick look of what takes minutes. Stands in every measurement's target. */
export const SCALE = Number(process.env.TRUNKLINE_BENCH_SERVER ?? 1);
export const scaled = (size: number) => Math.max(1, Math.round(size * SCALE));

/** A server as a process of its own, through the command line. */
export interface BenchServer {
  url: string;
  pid: number;
  /** Seconds from the start of the process to the first answer of readyz that says that it is ready. */
  readyAfter: number;
  stop(): Promise<void>;
}

/** The program as it is installed, built once for all that is measured in this process. */
export const installed: () => Promise<string> = (() => {
  let made: Promise<string> | undefined;
  return () => (made ??= installProgram(join(BENCH, 'server', 'installed')));
})();

export interface BenchDeployment {
  config: string;
  dataDir: string;
  directory: string;
}

/** An empty data directory of the benchmark `name`, and a configuration beside it. */
export async function makeDeployment(
  name: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<BenchDeployment> {
  const directory = join(BENCH, 'server', name);
  await rm(directory, { recursive: true, force: true });
  const dataDir = join(directory, 'data');
  await mkdir(dataDir, { recursive: true });
  const config = join(directory, 'trunkline.yaml');
  const targets = { rpms: { format: 'rpm', root: 'host' }, debs: { format: 'deb', root: 'host' } };
  await writeFile(config, stringify({ data_dir: dataDir, targets, ...settings }));
  return { config, dataDir, directory };
}

/** Starts `trunkline serve` as it is installed at a free port of loopback, with `launcher` before it. @throws Error quoting what it says when it ends instead */
export async function startServer(
  config: string,
  { args = [], launcher = [] }: { args?: readonly string[]; launcher?: readonly string[] } = {},
): Promise<BenchServer> {
  const program = await installed();
  const order = [process.execPath, program, '--config', config, '--json', 'serve', '--listen', '127.0.0.1:0', ...args];
  const [command = '', ...rest] = [...launcher, ...order];
  const began = performance.now();
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  let [said, errors] = ['', ''];
  child.stderr.on('data', (part: Buffer) => (errors = (errors + part.toString()).slice(-4000)));
  const url = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      reject(new Error(`trunkline serve ended with ${String(code)}: ${errors}`));
    });
    child.stdout.on('data', (part: Buffer) => {
      const line = /^\{.*\}$/m.exec((said += part.toString()))?.[0];
      if (line !== undefined) resolve((JSON.parse(line) as { url: string }).url);
    });
  });
  while (!(await isReady(url))) {
    if (performance.now() - began > LONGEST_START) throw new Error(`the server at ${url} does not become ready`);
    await pause(2);
  }
  return {
    ...{ url, pid: child.pid ?? 0, readyAfter: (performance.now() - began) / 1000 },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  await answer?.arrayBuffer();
  return answer?.ok ?? false;
}

/** Bytes of memory that a process has resident, and what of them is its own and in no file (proc(5), status). */
export async function memoryOf(pid: number): Promise<{ resident: number; anonymous: number }> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) * 1024;
  return { resident: bytes('VmRSS'), anonymous: bytes('RssAnon') };
}

/** Seconds of processor time that a process has had, all of its threads that still live together (sched-stats in the kernel's documentation). */
export async function processorSecondsOf(pid: number): Promise<number> {
  const tasks = `/proc/${String(pid)}/task`;
  const read = async (thread: string) => Number((await readFile(`${tasks}/${thread}/schedstat`, 'utf8')).split(' ')[0]);
  const times = await Promise.all((await readdir(tasks)).map((thread) => read(thread).catch(() => 0)));
  return times.reduce((sum, one) => sum + one, 0) / 1e9;
}
