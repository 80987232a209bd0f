import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run, TrunklineError } from '../../../lib/index.ts';
import type { BuildOutcome, BuildRequest, FailureReason, LocalRepository } from '../../../model/index.ts';
import { fullDirectory } from '../free-space.ts';
import { followLog } from '../log-follower.ts';
import { copyLog, copyRegularFile, takeFiles } from '../result-files.ts';
import { readTail } from '../tail.ts';
import type { MockLauncher } from './command.ts';
import { mockConfiguration } from './configuration.ts';
import { readInstalled, readPhases } from './logs.ts';
import { readBuildFailure, type MockLogs } from './outcome.ts';
import { emptyResultDirectory, forgetSnapshots, leftMounted, resultDirectory, runMock } from './run.ts';
import type { Slot, SlotLease } from './slots.ts';
import { requirementsAreStatic } from './static-requirements.ts';
import { readSnapshot, replacements } from './snapshot-packages.ts';

const LOGS = ['root.log', 'state.log', 'installed_pkgs.log'];

/** Which of our own limits ended a run. */
type Ended = 'time' | 'output' | null;

/** Source package and build in one run of mock. The lease is given back in every case. @throws the reason of `request.signal` when it was given up. */
export async function buildInSlot(
  request: BuildRequest,
  launcher: MockLauncher,
  lease: SlotLease,
  zstd: boolean,
): Promise<BuildOutcome> {
  let damaged = true;
  try {
    const { slot } = lease;
    const { logs, ended, seconds } = await runBuild(request, launcher, slot, zstd);
    damaged = logs === null || (await leftMounted(slot));
    const outcome = await readOutcome(request, slot, logs, ended, seconds);
    await forgetSnapshots(slot);
    for (const name of ['source', 'result']) await rm(join(slot.directory, name), { recursive: true, force: true });
    return outcome;
  } finally {
    await lease.release(damaged ? 'damaged' : 'clean');
  }
}

async function runBuild(request: BuildRequest, launcher: MockLauncher, slot: Slot, zstd: boolean) {
  const { target, repository } = request;
  const source = await copySource(request, launcher, slot);
  await emptyResultDirectory(slot, launcher);
  const ours = await replacementOptions(repository, slot);
  const limit = new AbortController();
  const state: { ended: Ended } = { ended: null };
  const end = (why: Ended) => {
    state.ended ??= why;
    limit.abort();
  };
  const timer = setTimeout(end, target.limits.time * 1000, 'time');
  const buildLog = followLog(
    join(resultDirectory(slot), 'build.log'),
    join(request.logs, 'build.log'),
    target.limits.output,
    () => {
      end('output');
    },
  );
  const started = performance.now();
  try {
    const logs = await runMock(launcher, {
      slot,
      configuration: mockConfiguration({
        ...{ target, slot, repository, overlay: launcher.overlay, zstd },
        staticRequirements: requirementsAreStatic(await readFile(source.spec, 'latin1')),
      }),
      action: ['--rebuild', '--spec', source.spec, '--sources', source.sources, ...ours],
      signal: AbortSignal.any([request.signal, limit.signal]),
      messages: join(request.logs, 'mock.log'),
    });
    return { logs, ended: state.ended, seconds: (performance.now() - started) / 1000 };
  } finally {
    clearTimeout(timer);
    await buildLog.stop();
    for (const name of LOGS) await copyLog(join(resultDirectory(slot), name), join(request.logs, name));
  }
}

async function replacementOptions(repository: LocalRepository | null, slot: Slot): Promise<string[]> {
  if (repository === null) return [];
  const root = (await readFile(join(slot.generation, 'build-packages'), 'utf8')).trimEnd().split('\n');
  return replacements(await readSnapshot(repository), root).flatMap((nevra) => ['--additional-package', nevra]);
}

/** The staged source where mock's account can read it. Links stay links: they are followed inside the root, if at all. */
async function copySource(
  request: BuildRequest,
  launcher: MockLauncher,
  slot: Slot,
): Promise<{ spec: string; sources: string }> {
  const { source } = request;
  // mock puts the name on a command line of bash inside the root.
  if (source.format !== 'rpm' || !/^[A-Za-z0-9][A-Za-z0-9._+-]*\.spec$/.test(source.mainFile))
    throw new TrunklineError('source_invalid', `${JSON.stringify(source.mainFile)} cannot be the name of a spec file`, {
      hint: 'letters, digits, dots, hyphens, underscores and plus signs are possible',
    });
  const directory = join(slot.directory, 'source');
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'SOURCES'), { recursive: true });
  const spec = join(directory, source.mainFile);
  if (!(await copyRegularFile(join(source.directory, source.mainFile), spec)))
    throw new TrunklineError('source_invalid', `${source.mainFile} is not in the staged source`);
  const sources = join(directory, 'SOURCES');
  await cp(join(source.directory, 'SOURCES'), sources, { recursive: true, verbatimSymlinks: true });
  await run(['chown', '-hR', `${String(launcher.account.uid)}:${String(launcher.account.gid)}`, directory]);
  return { spec, sources };
}

async function readOutcome(
  request: BuildRequest,
  slot: Slot,
  logs: MockLogs | null,
  ended: Ended,
  seconds: number,
): Promise<BuildOutcome> {
  const result = resultDirectory(slot);
  const buildroot = readInstalled(await readTail(join(result, 'installed_pkgs.log'), 4 * 1024 * 1024));
  const common = { buildroot, timings: timingsOf(logs?.stateLog ?? '', seconds) };
  const failure = (reason: FailureReason, detail: string): BuildOutcome => ({
    ok: false,
    reason,
    detail,
    files: [],
    ...common,
  });
  const { limits } = request.target;
  if (ended === 'time') return failure('timeout', `the build took longer than ${limits.time} s`);
  if (ended === 'output') return failure('build_failed', `the build printed more than ${limits.output} bytes`);
  if (logs === null) throw request.signal.reason;
  if (logs.exitCode === 0) {
    const files = await takeFiles(result, request.output, isResult);
    if (files.some((file) => !file.endsWith('.src.rpm')))
      return { ok: true, reason: null, detail: null, files, ...common };
    return failure('build_failed', 'the build left no binary package');
  }
  const full = await fullDirectory([slot.directory, request.logs]);
  if (full !== null) return failure('infra_error', `no space left on the file system of ${full}`);
  const { reason, detail } = readBuildFailure(logs);
  return failure(reason, detail);
}

/** Packages with a name that can stand in a repository; what `%generate_buildrequires` leaves is no result. */
function isResult(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._+~^-]*\.rpm$/.test(name) && !name.endsWith('.buildreqs.nosrc.rpm');
}

/** `resolve` is the install of the build requirements with the SRPM's way into the root, `build` rpmbuild's own time, `overhead` mock's. */
function timingsOf(stateLog: string, seconds: number): Record<string, number> {
  const phases = readPhases(stateLog);
  const sum = (pattern: RegExp) =>
    phases.filter((phase) => pattern.test(phase.name)).reduce((total, phase) => total + (phase.seconds ?? 0), 0);
  const [source, resolve, build] = [sum(/^buildsrpm$/), sum(/^build setup for /), sum(/^rpmbuild (?!-bs)/)];
  return { source, resolve, build, overhead: Math.max(0, seconds - source - resolve - build), total: seconds };
}
