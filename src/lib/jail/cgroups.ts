import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, TrunklineError } from '../errors.ts';
import type { JailLimits } from './types.ts';

/** Where this machine's memory and pids controllers are. The same directory in a unified (v2) hierarchy. */
export interface CgroupRoots {
  version: 1 | 2;
  memory: string;
  pids: string;
}

/** The control groups of one jail. */
export interface JailGroup {
  /** The directories of the jail, the one that has a group per run first. */
  directories: readonly string[];
  /** Makes the group of one run. */
  addRun(number: number): Promise<RunGroup>;
  /** How often a process of the jail was killed because memory ran out. */
  memoryKills(): Promise<number>;
  remove(): Promise<void>;
}

export interface RunGroup {
  /** The cgroup.procs files that a process joins. */
  procs: readonly string[];
  /** Ends every process, however fast they fork. */
  kill(): Promise<void>;
  /** `kill`, then removes the group; once, however often it is asked for. */
  remove(): Promise<void>;
}

const OURS = 'trunkline';

/** The hierarchies to use, from this process's mount table. @throws TrunklineError `missing_tool` when none has both memory and pids. */
export async function findCgroups(): Promise<CgroupRoots> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map(parseMount);
  const found = mounts.filter((mount) => mount.type.startsWith('cgroup'));
  for (const mount of found.filter((entry) => entry.type === 'cgroup2')) {
    const controllers = (await readFile(join(mount.point, 'cgroup.controllers'), 'utf8')).trim().split(' ');
    if (controllers.includes('memory') && controllers.includes('pids'))
      return { version: 2, memory: mount.point, pids: mount.point };
  }
  const v1 = (name: string) => found.find((mount) => mount.type === 'cgroup' && mount.options.includes(name))?.point;
  const [memory, pids] = [v1('memory'), v1('pids')];
  if (memory !== undefined && pids !== undefined) return { version: 1, memory, pids };
  throw new TrunklineError(
    'missing_tool',
    'No control group hierarchy with the memory and pids controllers is mounted',
    {
      hint: 'mount -t cgroup2 none /sys/fs/cgroup, or run trunkline where /sys/fs/cgroup is writable (in a container: --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw)',
    },
  );
}

function parseMount(line: string): { point: string; type: string; options: string[] } {
  const [before = '', after = ''] = line.split(' - ');
  const [type = '', , options = ''] = after.split(' ');
  const point = (before.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return { point, type, options: options.split(',') };
}

/** Makes the group of a jail called `name` with its limits. @throws TrunklineError `sandbox_failed` when the kernel refuses. */
export async function createJailGroup(roots: CgroupRoots, name: string, limits: JailLimits): Promise<JailGroup> {
  const runs = join(roots.pids, OURS, name);
  const memory = join(roots.memory, OURS, name);
  try {
    if (roots.version === 2) await delegate(roots.memory);
    for (const directory of new Set([runs, memory])) await mkdir(directory, { recursive: true });
    await writeFile(join(runs, 'pids.max'), String(limits.processes));
    if (roots.version === 2) await limitMemoryV2(memory, limits.memory);
    else await limitMemoryV1(memory, limits.memory);
  } catch (error) {
    for (const directory of new Set([runs, memory])) await rmdir(directory).catch(() => undefined);
    throw new TrunklineError(
      'sandbox_failed',
      `Cannot limit a jail with control groups in ${join(roots.memory, OURS)}`,
      {
        cause: error,
        hint:
          errnoOf(error) === 'EBUSY'
            ? 'the root of the control group hierarchy has processes of its own: run the container with --cgroupns=host'
            : 'run trunkline as root with /sys/fs/cgroup writable',
      },
    );
  }
  return {
    directories: roots.version === 2 ? [runs] : [runs, memory],
    addRun: (number) => createRunGroup(roots.version, join(runs, String(number)), memory),
    memoryKills: () => countKills(join(memory, roots.version === 2 ? 'memory.events' : 'memory.oom_control')),
    remove: async () => {
      for (const directory of new Set([runs, memory])) await removeGroup(directory);
    },
  };
}

async function delegate(root: string): Promise<void> {
  await writeFile(join(root, 'cgroup.subtree_control'), '+memory +pids');
  await mkdir(join(root, OURS), { recursive: true });
  await writeFile(join(root, OURS, 'cgroup.subtree_control'), '+memory +pids');
}

async function limitMemoryV2(directory: string, bytes: number): Promise<void> {
  await writeFile(join(directory, 'memory.max'), String(bytes));
  await writeFile(join(directory, 'memory.oom.group'), '1');
  await writeIfThere(join(directory, 'memory.swap.max'), '0');
}

async function limitMemoryV1(directory: string, bytes: number): Promise<void> {
  await writeFile(join(directory, 'memory.limit_in_bytes'), String(bytes));
  await writeIfThere(join(directory, 'memory.memsw.limit_in_bytes'), String(bytes));
}

/** Swap is accounted only where the kernel was started with it. */
async function writeIfThere(path: string, value: string): Promise<void> {
  await access(path).then(
    () => writeFile(path, value),
    () => undefined,
  );
}

async function createRunGroup(version: 1 | 2, directory: string, memory: string): Promise<RunGroup> {
  await mkdir(directory);
  const procs = [join(directory, 'cgroup.procs')];
  if (version === 1) procs.push(join(memory, 'cgroup.procs'));
  const remove = async () => {
    // The kernel removes only a group in which nothing runs.
    if (await isRemoved(directory)) return;
    await killGroup(directory);
    await removeGroup(directory);
  };
  let removed: Promise<void> | undefined;
  return { procs, kill: () => killGroup(directory), remove: () => (removed ??= remove()) };
}

async function countKills(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/**
 * Ends every process of a group and answers when none is left. With a limit of no processes a fork fails, so one pass over the list finds all of a
 * fork bomb; `cgroup.kill` (kernel 5.14, v2) does the same in the kernel.
 */
export async function killGroup(directory: string): Promise<void> {
  const atOnce = await writeFile(join(directory, 'cgroup.kill'), '1').then(
    () => true,
    () => false,
  );
  if (!atOnce) await writeFile(join(directory, 'pids.max'), '0').catch(() => undefined);
  for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
    const left = (await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
    if (left.length === 0) return;
    if (!atOnce) for (const pid of left) sendKill(Number(pid));
    await delay(wait);
  }
}

function sendKill(pid: number): void {
  // 0 is a process of another pid namespace, which kill(2) would take for our own group.
  if (!Number.isInteger(pid) || pid <= 1) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** rmdir of a group fails with EBUSY for a moment after its last process has ended. */
async function removeGroup(directory: string): Promise<void> {
  for (let wait = 1; wait < 2000; wait *= 2) {
    if (await isRemoved(directory)) return;
    await delay(wait);
  }
}

async function isRemoved(directory: string): Promise<boolean> {
  return rmdir(directory).then(
    () => true,
    (error: unknown) => errnoOf(error) === 'ENOENT',
  );
}

/** Ends and removes the groups in our part of the hierarchies whose name `isStale`. Answers their names. */
export async function removeStaleGroups(roots: CgroupRoots, isStale: (name: string) => boolean): Promise<string[]> {
  const removed = new Set<string>();
  for (const root of new Set([join(roots.pids, OURS), join(roots.memory, OURS)])) {
    const groups = await readdir(root, { withFileTypes: true }).catch(() => []);
    for (const group of groups.filter((entry) => entry.isDirectory() && isStale(entry.name))) {
      removed.add(group.name);
      await removeTree(join(root, group.name));
    }
  }
  return [...removed].map((name) => basename(name));
}

async function removeTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => []))
    if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  await killGroup(directory);
  await removeGroup(directory);
}
