import { TrunklineError } from '../errors.ts';
import type { JailRun } from './types.ts';

/** One mount of something the holder has, at a path of the jail. */
export interface InsideMount {
  source: string;
  target: string;
  writable: boolean;
}

/** Instead of a path: this machine's own programs. */
export const TOOLS = 'tools';

export interface Layout {
  /** Path of the root's mount in the holder's namespace, or `TOOLS`. */
  root: string;
  rootsInside: readonly { source: string; target: string }[];
  binds: readonly InsideMount[];
  /** Whether there is a filter of system calls. */
  filter: boolean;
  /** Bytes of each of the file systems in memory. */
  disk: number;
}

/** What dnf, rpm, apt and dpkg need as root of their own user namespace. None reaches beyond the ids of the map. */
const ROOT_CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** No /usr/local: what an administrator put there is no part of a target. */
const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/tmp/home',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
};

/** Descriptors that a run is started with, besides the standard three. */
export const STATUS_FD = 3;
export const USER_NAMESPACE_FD = 4;
export const FILTER_FD = 5;

/** The arguments of bubblewrap for one run: where everything is, who it is and what it may. */
export function bubblewrapArguments(command: readonly string[], options: JailRun, layout: Layout): string[] {
  const size = String(layout.disk);
  const args = ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--hostname', 'localhost'];
  if (options.network !== true) args.push('--unshare-net');
  args.push('--die-with-parent', '--new-session', '--json-status-fd', String(STATUS_FD), '--cap-drop', 'ALL');
  if (layout.filter) args.push('--seccomp', String(FILTER_FD));
  if (options.user === 'root') for (const capability of ROOT_CAPABILITIES) args.push('--cap-add', capability);
  else args.push('--userns2', String(USER_NAMESPACE_FD));
  if (layout.root === TOOLS) args.push(...toolsRoot(size));
  else args.push('--bind', layout.root, '/');
  args.push(
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--perms',
    '1777',
    '--size',
    size,
    '--tmpfs',
    '/tmp',
    '--dir',
    '/tmp/home',
  );
  for (const inside of layout.rootsInside) {
    const target = checkedTarget(inside.target);
    args.push('--bind', inside.source, target, '--dev', `${target}/dev`, '--proc', `${target}/proc`);
  }
  for (const bind of layout.binds)
    args.push(bind.writable ? '--bind' : '--ro-bind', bind.source, checkedTarget(bind.target));
  // Not before: what is mounted above needs its mount points made.
  if (layout.root === TOOLS) args.push('--remount-ro', '/');
  args.push('--clearenv');
  for (const [name, value] of Object.entries({ ...ENVIRONMENT, ...options.env })) args.push('--setenv', name, value);
  return [...args, '--chdir', options.cwd ?? '/', '--', ...command];
}

function toolsRoot(size: string): string[] {
  const args = ['--ro-bind', '/usr', '/usr', '--ro-bind', '/etc', '/etc'];
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'])
    args.push('--ro-bind-try', `/${name}`, `/${name}`);
  args.push('--dir', '/sys', '--size', size, '--tmpfs', '/run', '--size', size, '--tmpfs', '/var');
  for (const name of ['cache', 'lib/rpm', 'log']) args.push('--dir', `/var/${name}`);
  return [...args, '--perms', '1777', '--dir', '/var/tmp', '--ro-bind', '/var/lib/dpkg', '/var/lib/dpkg'];
}

/** @throws TrunklineError `invalid_argument` */
function checkedTarget(target: string): string {
  if (/^(\/[^/\0]+)+$/.test(target) && !target.split('/').some((part) => part === '..' || part === '.')) return target;
  throw new TrunklineError('invalid_argument', `Not an absolute path inside a jail: ${target}`);
}
