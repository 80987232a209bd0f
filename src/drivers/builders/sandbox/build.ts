import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { appendToLog } from '../../../lib/index.ts';
import { openJail, type Jail, type JailBind, type JailResult, type JailRoot } from '../../../lib/jail/index.ts';
import type { BuildOutcome, BuildRequest } from '../../../model/index.ts';
import { missingPaths } from './base-repositories.ts';
import { buildDeb } from './build-deb.ts';
import { buildRpm } from './build-rpm.ts';
import { startClock, type Clock } from './clock.ts';
import { failureOf, MachineTrouble, stopped, withDiskLimit, type Failure } from './outcome.ts';
import { notPrepared, type PreparedRoot, type RootStore } from './root-store.ts';

/** Where a build works; the only place that it owns. */
export const WORK = '/builddir/build';
/** Where it finds the staged source, read-only. */
export const STAGED = '/staged';

/** Bytes of a log that are searched for what went wrong; a log may be as long as the target's limit on output. */
export const LOG_TAIL = 4 * 1024 ** 2;

/** One build under way. */
export interface BuildRun {
  request: BuildRequest;
  jail: Jail;
  prepared: PreparedRoot;
  /** Mounted at /builddir in every root that this build uses. */
  work: JailRoot;
  clock: Clock;
  buildLog: string;
  rootLog: string;
}

/** What the format's own part of a build came to. */
export interface BuildEnd {
  failure: Failure | null;
  buildroot: readonly string[];
  /** The root that holds the built packages in its /builddir. */
  results: string | null;
}

/** Builds a staged source. A failure is an outcome; what is thrown is our own trouble. */
export async function buildPackages(store: RootStore, request: BuildRequest): Promise<BuildOutcome> {
  const { target, source, signal } = request;
  const clock = startClock(target.limits.time);
  const held = await store.acquire(target);
  if (held === undefined) throw notPrepared(target);
  let jail: Jail | undefined;
  try {
    await makeReadable(source.directory);
    jail = await openJail({
      label: `build-${source.name}`.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 80),
      limits: limitsOf(target),
      signal,
    });
    const run = {
      ...{ request, jail, prepared: held.root, clock, work: await jail.addRoot([held.root.work]) },
      ...{ buildLog: join(request.logs, 'build.log'), rootLog: join(request.logs, 'root.log') },
    };
    return await outcomeOf(run);
  } finally {
    await jail?.close();
    await held.release();
  }
}

async function outcomeOf(run: BuildRun): Promise<BuildOutcome> {
  const { request, clock } = run;
  let end: BuildEnd;
  try {
    const gone = await missingPaths(request.target);
    if (gone.length > 0) throw new MachineTrouble(`the base repository is not there: ${gone.join(', ')}`);
    end = request.source.format === 'rpm' ? await buildRpm(run) : await buildDeb(run);
  } catch (error) {
    request.signal.throwIfAborted();
    end = { failure: failureOf(error, request.target.limits), buildroot: [], results: null };
  }
  const { buildroot, results } = end;
  const failure = end.failure === null ? null : withDiskLimit(end.failure, request.target.limits);
  const files =
    failure !== null || results === null
      ? []
      : await run.jail.copyOut(run.work, results, request.output, request.target.limits.disk);
  if (failure?.detail != null) await appendToLog(run.buildLog, `\ntrunkline: ${failure.reason}: ${failure.detail}\n`);
  return {
    ok: failure === null,
    reason: failure?.reason ?? null,
    detail: failure?.detail ?? null,
    ...{ files, buildroot, timings: clock.timings() },
  };
}

/** Runs a fixed script as the builder in `root`, with the staged source and the build's directory; its output is in the result. */
export async function runAsBuilder(
  run: BuildRun,
  root: JailRoot,
  script: string,
  args: readonly string[],
  settings: { env: Record<string, string>; binds?: readonly JailBind[]; logFile?: string; during: string },
): Promise<JailResult> {
  const { request } = run;
  const result = await run.jail.run(['/bin/sh', '-c', script, 'sh', ...args], {
    root,
    rootsInside: [{ root: run.work, target: '/builddir' }],
    binds: [{ source: request.source.directory, target: STAGED }, ...(settings.binds ?? [])],
    user: 'builder',
    env: { HOME: WORK, ...settings.env },
    cwd: WORK,
    ...(settings.logFile === undefined ? {} : { logFile: settings.logFile }),
    maxOutput: request.target.limits.output,
    timeout: run.clock.left(),
  });
  if (settings.logFile === undefined) await appendToLog(run.buildLog, result.stderr);
  stopped(result, settings.during, request.signal);
  return result;
}

/** Memory holds what is written as well (the upper layers are in memory), so the two limits are one for the kernel. */
function limitsOf(target: BuildRequest['target']) {
  const { memory, processes, disk } = target.limits;
  return { memory, processes, disk };
}

/** The jail's users are nobody of this machine: what they are to read must be readable to all. */
async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, 0o644);
  }
}
