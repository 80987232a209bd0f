import { access, constants, readFile } from 'node:fs/promises';
import { TrunklineError } from '../errors.ts';
import { findCgroups } from './cgroups.ts';
import { openJail } from './open.ts';

/** Something this machine lacks for the sandbox, and the command or change that gets it. */
export interface Lack {
  what: string;
  remedy: string;
}

/** Programs by path, because the jail calls them so, and the packages they are in (Debian's, Fedora's). */
const PROGRAMS = [
  ['/usr/bin/bwrap', 'bubblewrap', 'bubblewrap'],
  ['/usr/bin/setpriv', 'util-linux', 'util-linux'],
  ['/usr/bin/nsenter', 'util-linux', 'util-linux'],
  ['/usr/bin/perl', 'perl-base', 'perl-interpreter'],
  ['/bin/sh', 'dash', 'bash'],
] as const;

/** What is missing for jails on this machine; empty when one has just been opened and has run a program under its limits. */
export async function jailReadiness(): Promise<Lack[]> {
  if (process.platform !== 'linux')
    return [{ what: 'Linux', remedy: 'run trunkline on Linux; other commands work anywhere' }];
  const lacks: Lack[] = [];
  if (process.getuid?.() !== 0) lacks.push({ what: 'root', remedy: 'run trunkline as root: sudo trunkline …' });
  for (const [path, debian, fedora] of PROGRAMS)
    if (!(await isExecutable(path)))
      lacks.push({ what: path, remedy: `apt-get install ${debian}, or dnf install ${fedora}` });
  if (!(await hasFileSystem('overlay')))
    lacks.push({ what: 'overlayfs in the kernel', remedy: 'modprobe overlay, or a kernel with CONFIG_OVERLAY_FS' });
  if ((await readNumber('/proc/sys/user/max_user_namespaces')) === 0)
    lacks.push({ what: 'user namespaces', remedy: 'sysctl -w user.max_user_namespaces=10000' });
  lacks.push(...(await lackOf(findCgroups)));
  return lacks.length > 0 ? lacks : lackOf(tryJail);
}

async function tryJail(): Promise<void> {
  const megabyte = 1024 * 1024;
  await using jail = await openJail({
    label: 'readiness',
    limits: { memory: 64 * megabyte, processes: 20, disk: megabyte },
  });
  for (const user of ['root', 'builder'] as const) {
    const result = await jail.run(['/bin/true'], { root: 'tools', user, timeout: 20 });
    if (result.exitCode !== 0)
      throw new TrunklineError(
        'sandbox_failed',
        `A trial of the sandbox ended with exit code ${String(result.exitCode)}: ${result.stderr}`,
      );
  }
  await jail.addRoot([]);
}

async function lackOf(attempt: () => Promise<unknown>): Promise<Lack[]> {
  try {
    await attempt();
    return [];
  } catch (error) {
    if (!(error instanceof TrunklineError)) throw error;
    return [{ what: error.message, remedy: error.hint ?? 'see the message' }];
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function hasFileSystem(name: string): Promise<boolean> {
  const known = await readFile('/proc/filesystems', 'utf8');
  return known.split('\n').some((line) => line.trim().split(/\s+/).at(-1) === name);
}

async function readNumber(path: string): Promise<number> {
  return Number(await readFile(path, 'utf8').catch(() => 'NaN'));
}
