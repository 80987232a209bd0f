import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, TrunklineError, type RunResult } from '../../../lib/index.ts';
import { inOwnNamespaces } from '../host-namespace.ts';
import { findMockAccount, type MockAccount } from './account.ts';

/** Exit codes of mock are read by `readOutcome`; all are answers. */
const ANY_EXIT_CODE = Array.from({ length: 256 }, (_, code) => code);

/** How mock is started on this machine. */
export interface MockLauncher {
  account: MockAccount;
  /** Whether mock's overlayfs plugin works on the state directory's file system; else its root cache is unpacked for every build. */
  overlay: boolean;
  start(args: readonly string[], options: StartOptions): Promise<RunResult>;
}

export interface StartOptions {
  signal?: AbortSignal;
  /** Mock's own messages are appended here. */
  logFile?: string;
}

/**
 * Mounts, in the namespace of one run: over /usr/sbin a `modprobe` that succeeds, because mock's overlayfs plugin insists on calling it even where
 * overlayfs is built into the kernel; over rpm's macros one that keeps the database in /var/lib/rpm, because Debian's rpm looks in the home directory.
 * The shell stays: the kernel forgets the signal at the parent's death where a process changes its user.
 * $1 directory with modprobe or '', $2 directory with macros or '', $3 user, $4 group.
 */
const SETUP = `
set -eu
if [ -n "$1" ]; then mount -t overlay -o "ro,lowerdir=$1:/usr/sbin" overlay /usr/sbin; fi
if [ -n "$2" ]; then mount -t overlay -o "ro,lowerdir=$2:/usr/lib/rpm/macros.d" overlay /usr/lib/rpm/macros.d; fi
user=$3 group=$4
shift 4
code=0
setpriv --reuid "$user" --regid "$group" --init-groups -- "$@" || code=$?
exit "$code"
`;

/** Mounts a trial overlay in $1; ends with 0 where that works. */
const TRIAL = `
set -eu
mkdir -p "$1/l" "$1/u" "$1/w" "$1/m"
mount -t overlay -o "lowerdir=$1/l,upperdir=$1/u,workdir=$1/w" overlay "$1/m"
`;

/** @throws TrunklineError `missing_tool` when mock cannot be started by this process. */
export async function createLauncher(stateDirectory: string, mockCommand: string): Promise<MockLauncher> {
  if (process.getuid?.() !== 0)
    throw new TrunklineError('missing_tool', 'The mock builder needs to be started by root', {
      hint: 'run trunkline as root: mock itself runs as a member of the group mock, in mount and process namespaces that only root can make',
    });
  const account = await findMockAccount();
  if (account === null)
    throw new TrunklineError('missing_tool', 'No account may run mock', {
      hint: 'make one: groupadd -rf mock && useradd -r -g mock -d /var/lib/mock trunkline-mock',
    });
  const overlay = await overlayWorks(join(stateDirectory, 'overlay-trial'));
  const sbin = overlay
    ? await writeOwn(join(stateDirectory, 'host', 'sbin'), 'modprobe', '#!/bin/sh\nexit 0\n', 0o755)
    : '';
  const macros =
    overlay && (await databaseIsAtHome())
      ? await writeOwn(join(stateDirectory, 'host', 'macros'), 'macros.trunkline', '%_dbpath /var/lib/rpm\n', 0o644)
      : '';
  const parameters = [sbin, macros, account.name, account.group, mockCommand];
  return {
    account,
    overlay,
    start: (args, options) =>
      run(inOwnNamespaces(SETUP, [...parameters, ...args]), { ...options, cwd: '/', okExitCodes: ANY_EXIT_CODE }),
  };
}

async function overlayWorks(directory: string): Promise<boolean> {
  if (!(await readFile('/proc/filesystems', 'utf8')).includes('\toverlay\n')) return false;
  await mkdir(directory, { recursive: true });
  return run(inOwnNamespaces(TRIAL, [directory])).then(
    () => true,
    () => false,
  );
}

async function databaseIsAtHome(): Promise<boolean> {
  const { stdout } = await run(['rpm', '--eval', '%_dbpath'], { env: { HOME: '/nonexistent' } });
  return stdout.startsWith('/nonexistent');
}

async function writeOwn(directory: string, name: string, content: string, mode: number): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, name), content, { mode });
  return directory;
}
