import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { appendToLog, ProcessError, run } from '../../../lib/index.ts';
import type { BuildOutcome, BuildRequest, FailureReason } from '../../../model/index.ts';
import { fullDirectory } from '../free-space.ts';
import { followLog } from '../log-follower.ts';
import { ownArchive } from '../own-archive.ts';
import { copyRegularFile, takeFiles } from '../result-files.ts';
import { readTail } from '../tail.ts';
import { LIST_BUILDROOT, sbuildConfiguration } from './configuration.ts';
import { readBuildroot, readFailure, readSummary } from './log.ts';
import { inBuildNamespace, makeImage } from './namespace.ts';
import { packSource } from './source.ts';
import { baseRepositories, localDirectories } from './sources.ts';

/** Bytes read of the log; more than any limit on it allows. */
const WHOLE = 512 * 1024 * 1024;

type Ended = 'time' | 'output' | null;

interface SbuildEnd {
  ended: Ended;
  /** sbuild's exit code; null when it was ended. It says less than the log does. */
  exitCode: number | null;
}

/** Packs the source and builds it with sbuild, in a directory of its own that exists and is empty. @throws the reason of `request.signal`. */
export async function buildIn(work: string, chroot: string, request: BuildRequest): Promise<BuildOutcome> {
  const { target } = request;
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const packed = await packSource(request, join(work, 'source'), target.limits.time);
  const source = seconds();
  if (packed.failure !== null) {
    await appendToLog(join(request.logs, 'build.log'), `${packed.failure}\n`);
    return outcome('source_error', packed.failure, { source, overhead: 0, total: source });
  }
  const end = await runSbuild(work, chroot, packed.dsc, request, target.limits.time - source);
  request.signal.throwIfAborted();
  const log = await readTail(join(request.logs, 'build.log'), WHOLE);
  const timings = timingsOf(log, source, seconds());
  const buildroot = readBuildroot(log);
  if (end.ended === 'time')
    return outcome('timeout', `the build took longer than ${target.limits.time} s`, timings, buildroot);
  if (end.ended === 'output')
    return outcome('build_failed', `the build printed more than ${target.limits.output} bytes`, timings, buildroot);
  const built = join(work, 'built');
  await takeFiles(built, request.logs, (name) => /\.(?:buildinfo|changes)$/.test(name));
  if (readSummary(log).status !== 'successful') {
    const full = await fullDirectory([work, request.logs]);
    if (full !== null) return outcome('infra_error', `no space left on the file system of ${full}`, timings, buildroot);
    const { reason, detail } = readFailure(log, `sbuild exited with ${String(end.exitCode)}`);
    return outcome(reason, detail, timings, buildroot);
  }
  const binaries = await takeFiles(built, request.output, isPackage);
  if (binaries.length === 0) return outcome('build_failed', 'the build left no binary package', timings, buildroot);
  const sources = await copySource(packed.files, request.output);
  return { ok: true, reason: null, detail: null, files: [...sources, ...binaries], buildroot, timings };
}

async function runSbuild(
  work: string,
  chroot: string,
  dsc: string,
  request: BuildRequest,
  secondsLeft: number,
): Promise<SbuildEnd> {
  const { target, repository, logs } = request;
  const directories = localDirectories(target, repository);
  const image = await makeImage(work, target.limits.disk);
  const configuration = join(work, 'sbuild.conf');
  const ours = repository === null ? null : await ownArchive(repository);
  await writeFile(configuration, sbuildConfiguration(ours, directories));
  await mkdir(join(work, 'built'));
  const output = join(work, 'sbuild.log');
  await writeFile(output, '');
  const limit = new AbortController();
  const end: SbuildEnd = { ended: null, exitCode: null };
  const stop = (why: Ended) => {
    end.ended ??= why;
    limit.abort();
  };
  const timer = setTimeout(stop, Math.max(1, secondsLeft * 1000), 'time');
  const follower = followLog(output, join(logs, 'build.log'), target.limits.output, () => {
    stop('output');
  });
  try {
    end.exitCode = await start([...inBuildNamespace(image, directories), ...command(chroot, dsc, request)], {
      cwd: join(work, 'built'),
      env: { HOME: '/mnt/home', SBUILD_CONFIG: configuration },
      logFile: output,
      signal: AbortSignal.any([request.signal, limit.signal]),
    });
    return end;
  } finally {
    clearTimeout(timer);
    await follower.stop();
  }
}

/** The exit code, or null when the signal ended it: what became of the build is in its log. */
async function start(
  words: readonly [string, ...string[]],
  options: { cwd: string; env: Record<string, string>; logFile: string; signal: AbortSignal },
): Promise<number | null> {
  return run(words, options).then(
    (result) => result.exitCode,
    (error: unknown) => {
      if (!(error instanceof ProcessError) || error.code === 'missing_tool') throw error;
      return options.signal.aborted ? null : (error.exitCode ?? null);
    },
  );
}

function command(chroot: string, dsc: string, { target }: BuildRequest): [string, ...string[]] {
  return [
    'sbuild',
    '--chroot-mode=unshare',
    `--chroot=${chroot}`,
    `--dist=${baseRepositories(target)[0]?.suites[0] ?? 'unstable'}`,
    `--arch=${target.arch}`,
    `--starting-build-commands=${LIST_BUILDROOT}`,
    dsc,
  ];
}

/** Names as dpkg-deb gives them. */
function isPackage(name: string): boolean {
  return /^[a-z0-9][a-z0-9+.-]*_[A-Za-z0-9.+~-]+_[a-z0-9-]+\.deb$/.test(name);
}

async function copySource(files: readonly string[], output: string): Promise<string[]> {
  const copies: string[] = [];
  for (const file of files) {
    const copy = join(output, basename(file));
    if (await copyRegularFile(file, copy)) copies.push(copy);
  }
  return copies;
}

/** `resolve` is sbuild's install of the build requirements and `build` dpkg-buildpackage, both in whole seconds, `overhead` the rest of sbuild. */
function timingsOf(log: string, source: number, total: number): Record<string, number> {
  const { installSeconds: resolve, buildSeconds: build } = readSummary(log);
  return { source, resolve, build, overhead: Math.max(0, total - source - resolve - build), total };
}

function outcome(
  reason: FailureReason,
  detail: string,
  timings: Readonly<Record<string, number>>,
  buildroot: readonly string[] = [],
): BuildOutcome {
  return { ok: false, reason, detail, files: [], buildroot, timings };
}
