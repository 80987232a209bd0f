import { spawn } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { ensureBaseRepositories, type BaseRepositories } from '../../scripts/base-repositories.ts';
import type { Progress } from './measurement.ts';
import { openMeter } from './processor-time.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const program = join(project, 'bin/trunkline.js');

/** Where benchmarks work; what takes long to make is kept there from one to the next. */
export const BENCH = join(project, '.cache/bench');

export const RPM_TARGET = 'bench-12-x86_64';
export const DEB_TARGET = 'debian-12-amd64';
export const MOCK_TARGET = 'mock-12-x86_64';

/** A deployment as a user has it, driven through its command line. */
export interface Deployment {
  config: string;
  /** Where the sample repositories lie: `upstream/<project>` and `packaging/<project>`. */
  samples: string;
  base: BaseRepositories;
  prepare(target: string): Promise<void>;
  /** `trunkline run --jobs JOBS`; every build has to succeed. @throws Error quoting the failure otherwise. */
  run(jobs: number): Promise<FinishedRun>;
}

/** A build as `trunkline run --json` and `trunkline build show --json` tell of it. */
export interface FinishedBuild {
  id: number;
  target: string;
  /** Seconds by phase. */
  timings: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch: claimed, and recorded as a success. */
  startedAt: number;
  finishedAt: number;
}

export interface FinishedRun {
  /** In the order in which they were begun. */
  builds: readonly FinishedBuild[];
  /** Seconds of wall clock of the whole command, its start included. */
  seconds: number;
  /** Seconds of processor time of the command and all that it started. */
  processorSeconds: number | null;
}

interface RunView {
  builds: readonly { id: number; target: string; result: string; reason: string | null; detail: string | null }[];
}

interface BuildView {
  id: number;
  target: string;
  attempts: readonly { startedAt: string; finishedAt: string; timings: Record<string, number> }[];
}

/** A deployment without a build. Its prepared roots are those of the last one where nothing about them has changed. */
export async function openDeployment(
  projects: Readonly<Record<string, string[]>>,
  progress: Progress,
): Promise<Deployment> {
  const base = await ensureBaseRepositories(join(project, '.cache/base'), progress);
  const dataDirectory = join(BENCH, 'data');
  const samples = join(BENCH, 'samples');
  const config = join(BENCH, 'trunkline.yaml');
  await rm(samples, { recursive: true, force: true });
  await mkdir(dataDirectory, { recursive: true });
  for (const name of await readdir(dataDirectory))
    if (name !== 'roots') await rm(join(dataDirectory, name), { recursive: true, force: true });
  await writeFile(config, configuration({ dataDirectory, samples, base, projects }));
  return {
    ...{ config, samples, base },
    prepare: async (target) => {
      progress(`preparing ${target}`);
      await trunkline(['--config', config, 'target', 'prepare', target]);
    },
    run: async (jobs) => {
      const meter = await openMeter();
      try {
        const started = performance.now();
        const order = ['--config', config, '--json', 'run', '--jobs', String(jobs)];
        const view = JSON.parse(await trunkline(order, meter.launcher)) as RunView;
        const seconds = (performance.now() - started) / 1000;
        return { seconds, processorSeconds: await meter.seconds(), builds: await readBuilds(config, view) };
      } finally {
        await meter.close();
      }
    },
  };
}

async function readBuilds(config: string, { builds }: RunView): Promise<FinishedBuild[]> {
  const read: FinishedBuild[] = [];
  for (const { id, result, reason, detail } of builds) {
    if (result !== 'success') throw new Error(`build ${id} failed: ${reason ?? ''}: ${detail ?? ''}`);
    const view = JSON.parse(await trunkline(['--config', config, '--json', 'build', 'show', String(id)])) as BuildView;
    const last = view.attempts.at(-1);
    if (last === undefined) throw new Error(`build ${id} has no attempt`);
    const [startedAt, finishedAt] = [Date.parse(last.startedAt), Date.parse(last.finishedAt)];
    read.push({ id, target: view.target, timings: last.timings, startedAt, finishedAt });
  }
  return read.sort((a, b) => a.startedAt - b.startedAt);
}

/** Runs the command line; answers its standard output. Its messages go to standard error. */
async function trunkline(args: readonly string[], launcher: readonly string[] = []): Promise<string> {
  const [command = '', ...rest] = [...launcher, process.execPath, program, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const output = Buffer.concat(chunks).toString();
  // 1 is a failed build, which the caller reads out of the answer.
  if (code !== 0 && !(code === 1 && output.startsWith('{')))
    throw new Error(`trunkline ${args.join(' ')} exited with ${String(code)}`);
  return output;
}

function configuration(bench: {
  dataDirectory: string;
  samples: string;
  base: BaseRepositories;
  projects: Readonly<Record<string, string[]>>;
}): string {
  const rpm = { format: 'rpm', dist: '.bench', base: [{ id: 'base', baseurl: `file://${bench.base.rpm}` }] };
  const deb = {
    id: 'base',
    uri: `file://${bench.base.deb}`,
    suites: ['bookworm'],
    components: ['main'],
    trusted: true,
  };
  const packaging = (format: string) => ({ url: `${bench.samples}/packaging/%(name)s`, branch: 'main', path: format });
  return stringify({
    data_dir: bench.dataDirectory,
    base_url: `file://${bench.dataDirectory}/repos`,
    targets: {
      [RPM_TARGET]: rpm,
      [DEB_TARGET]: { format: 'deb', base: [deb] },
      [MOCK_TARGET]: { ...rpm, builder: 'mock', build_packages: ['buildsys-build'], install_packages: ['basesystem'] },
    },
    defaults: {
      upstream: { url: `${bench.samples}/upstream/%(name)s`, branch: 'main' },
      packaging: { rpm: packaging('rpm'), deb: packaging('deb') },
      maintainers: ['packagers@downstream.example'],
    },
    projects: Object.fromEntries(Object.entries(bench.projects).map(([name, targets]) => [name, { targets }])),
  });
}
