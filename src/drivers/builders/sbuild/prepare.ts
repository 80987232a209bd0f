import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, lastLines, run, TrunklineError } from '../../../lib/index.ts';
import { openJail } from '../../../lib/jail/index.ts';
import type { PreparePhase, Target } from '../../../model/index.ts';
import { newGeneration, removeOldGenerations, targetDirectory, writePrepared } from '../generations.ts';
import { inOwnNamespaces } from '../host-namespace.ts';
import { baseRepositories, keyFiles, localDirectories, PREFERENCES, sourceLines } from './sources.ts';

/** The tarball that sbuild unpacks for each build. */
export const CHROOT = 'chroot.tar.zst';
/** The clean root of the install check, as a directory whose files belong to a jail's users. */
export const CLEAN_ROOT = 'clean';

export interface PrepareRequest {
  target: Target;
  report: PreparePhase;
  signal: AbortSignal;
}

const HOOKS = '/usr/share/mmdebstrap/hooks';

/** Makes the build chroot and the clean root of a target with mmdebstrap, in a directory of their own that becomes current when whole. */
export async function prepareGeneration(
  stateDirectory: string,
  request: PrepareRequest,
  inUse: Iterable<string>,
): Promise<void> {
  const { target, report } = request;
  const directory = targetDirectory(stateDirectory, target);
  const name = newGeneration();
  const generation = join(directory, name);
  await mkdir(generation, { recursive: true });
  try {
    report(`${target.name}: making the build chroot with mmdebstrap`);
    await bootstrap(request, 'buildd', ['apt', ...target.buildPackages], join(generation, CHROOT), generation);
    report(`${target.name}: making the clean root with mmdebstrap`);
    const tarball = join(generation, 'clean.tar');
    await bootstrap(request, 'minbase', ['apt', ...target.installPackages], tarball, generation);
    await unpack(request, tarball, join(generation, CLEAN_ROOT));
    await rm(tarball);
    await rm(join(generation, 'scratch'), { recursive: true });
  } catch (error) {
    await rm(generation, { recursive: true, force: true });
    request.signal.throwIfAborted();
    throw notReady(target, error);
  }
  await writePrepared(stateDirectory, target, name);
  await removeOldGenerations(directory, inUse);
}

/** $1 directory for what mmdebstrap makes on the way, on /mnt where its user namespace can pass through; then the program. */
const SETUP = `
set -eu
mount --bind "$1" /mnt
shift
export TMPDIR=/mnt
code=0
"$@" || code=$?
exit "$code"
`;

/** mmdebstrap in a user namespace: maintainer scripts of the base do not run as this machine's root. */
async function bootstrap(
  { target, signal }: PrepareRequest,
  variant: string,
  packages: readonly string[],
  tarball: string,
  generation: string,
): Promise<void> {
  const lines = sourceLines(target);
  const command = [
    'mmdebstrap',
    '--mode=unshare',
    `--variant=${variant}`,
    `--include=${[...new Set(packages)].join(',')}`,
    `--architectures=${target.arch}`,
    '--format=tar',
    `--hook-dir=${join(HOOKS, 'merged-usr')}`,
    ...(localDirectories(target, null).length > 0 ? [`--hook-dir=${join(HOOKS, 'file-mirror-automount')}`] : []),
    // With the lists in it, apt asks for changes only.
    '--skip=cleanup/apt/lists',
    '--dpkgopt=force-unsafe-io',
    `--customize-hook=printf '${PREFERENCES.replaceAll('\n', '\\n')}' >"$1/etc/apt/preferences.d/trunkline"`,
    // apt-get -y alone refuses to go back to the version that is ours.
    `--customize-hook=printf 'APT::Get::allow-downgrades "true";\\n' >"$1/etc/apt/apt.conf.d/90trunkline"`,
    // Services are not started in a chroot (invoke-rc.d(8)).
    `--customize-hook=printf '#!/bin/sh\\nexit 101\\n' >"$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d"`,
    ...keyFiles(target).flatMap((key) => [
      `--customize-hook=mkdir -p "$1${key.slice(0, key.lastIndexOf('/'))}"`,
      `--customize-hook=upload ${key} ${key}`,
    ]),
    baseRepositories(target)[0]?.suites[0] ?? '',
    tarball,
    ...lines,
  ];
  const scratch = join(generation, 'scratch');
  await mkdir(scratch, { recursive: true });
  await chmod(scratch, 0o1777);
  await run(inOwnNamespaces(SETUP, [scratch, ...command]), { signal, logFile: join(generation, 'prepare.log') }).catch(
    async (error: unknown) => {
      throw new Error(await errorWords(join(generation, 'prepare.log'), error));
    },
  );
}

async function errorWords(log: string, error: unknown): Promise<string> {
  const { stdout } = await run(['tail', '-n', '200', log]);
  const lines = stdout.split('\n').filter((line) => /^(E: |dpkg: error| .* : Depends: )/.test(line));
  return lines.length > 0 ? lastLines(lines.join('\n'), 3) : describeError(error);
}

/** A tarball as the lower directory of a jail's root: unpacked by the jail's own root, so that nothing in it becomes this machine's. /dev, /proc and /sys are the jail's. */
async function unpack({ target, signal }: PrepareRequest, tarball: string, directory: string): Promise<void> {
  const { memory, processes, disk } = target.limits;
  await using jail = await openJail({ label: 'unpack', limits: { memory, processes, disk }, signal });
  await mkdir(directory);
  const root = await jail.addTree(directory);
  const result = await jail.run(
    [
      'tar',
      '-x',
      '-C',
      '/to',
      '-f',
      '/clean.tar',
      '--exclude=./dev',
      '--exclude=./proc',
      '--exclude=./sys',
      '--numeric-owner',
    ],
    {
      root: 'tools',
      rootsInside: [{ root, target: '/to' }],
      binds: [{ source: tarball, target: '/clean.tar' }],
      user: 'root',
      timeout: 600,
    },
  );
  if (result.exitCode !== 0) throw new Error(`tar: ${lastLines(result.stderr, 3)}`);
}

function notReady(target: Target, error: unknown): TrunklineError {
  return new TrunklineError(
    'target_not_ready',
    `The chroot of ${target.name} cannot be made: ${describeError(error)}`,
    {
      hint: 'correct base_repositories, build_packages or install_packages of the target, then run: trunkline target prepare',
      cause: error,
    },
  );
}
