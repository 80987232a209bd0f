import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { shiftedOwner } from '../../src/lib/jail/index.ts';
import { pathsBelow } from './paths.ts';

/** Paths outside everything of ours that hostile code tries to make. Words of a shell that may stand in macros and Lua strings, too. */
export interface Traps {
  /** One in each place: /tmp, /var/tmp, /etc, /root, /usr, /. */
  paths: readonly string[];
  /** A shell command that tries all of them, and never fails. */
  spring: string;
  /** @throws when one is there. */
  expectUnsprung: () => Promise<void>;
}

/** Traps of one test, cleared away after it. What is more to be left alone (users, host name) is compared with how it is now. */
export async function setTraps(): Promise<Traps> {
  const name = `trunkline-trap-${randomBytes(6).toString('hex')}`;
  const paths = ['/tmp', '/var/tmp', '/etc', '/root', '/usr', '/usr/bin', '/'].map((place) => join(place, name));
  onTestFinished(() => Promise.all(paths.map((path) => rm(path, { force: true }))).then(() => undefined));
  const before = await fingerprint();
  return {
    paths,
    spring: paths.map((path) => `touch ${path} 2>/dev/null`).join('; ') + '; true',
    expectUnsprung: async () => {
      const sprung: string[] = [];
      for (const path of paths) if (await stat(path).catch(() => undefined)) sprung.push(path);
      expect(sprung).toEqual([]);
      expect(await fingerprint()).toEqual(before);
    },
  };
}

async function fingerprint(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const path of ['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/hosts', '/proc/sys/kernel/hostname'])
    found[path] = await readFile(path, 'utf8').catch(() => '');
  return found;
}

/** What is left of a trunkline process that has ended: processes of its jails, control groups, mounts and temporary directories. */
export interface Leftovers {
  processes: string[];
  groups: string[];
  mounts: string[];
  directories: string[];
}

export const NOTHING: Leftovers = { processes: [], groups: [], mounts: [], directories: [] };

/** `pids`: the trunkline processes that have ended. `dataDir`: what was theirs. */
export async function findLeftovers(pids: readonly number[], dataDir: string): Promise<Leftovers> {
  const groups = await ourGroups(pids);
  return {
    groups: groups.map(({ path }) => path),
    processes: [...groups.flatMap(({ members }) => members), ...(await processesIn(dataDir))],
    mounts: (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(dataDir)),
    directories: await temporaries(dataDir),
  };
}

/**
 * Nothing of a trunkline process that is alive and idle is left of what it built, or soon nothing: what asks a builder's tools for a moment is no build,
 * nor is what waits a while for more packages to read.
 */
export async function expectIdle(pid: number, dataDir: string): Promise<void> {
  expect(await readdir(join(dataDir, 'scratch')).catch(() => [])).toEqual([]);
  await vi.waitFor(
    async () => {
      const { processes, mounts } = await findLeftovers([pid], dataDir);
      const others = processes.filter(
        (line) => !line.startsWith(`${String(pid)} `) && !/jail|holder|keeper|^\d+ of read-(deb|rpm)\./.test(line),
      );
      expect({ others, mounts }).toEqual({ others: [], mounts: [] });
    },
    { timeout: 5000, interval: 100 },
  );
}

/** Control groups are named `<label>.<pid>.<start>.<n>` by the process that made them. */
async function ourGroups(pids: readonly number[]): Promise<{ path: string; members: string[] }[]> {
  const found: { path: string; members: string[] }[] = [];
  for (const hierarchy of ['', 'pids', 'memory', 'unified']) {
    const top = join('/sys/fs/cgroup', hierarchy, 'trunkline');
    for (const name of await readdir(top).catch(() => [])) {
      if (!pids.includes(Number(name.split('.')[1]))) continue;
      const members = await readFile(join(top, name, 'cgroup.procs'), 'utf8').catch(() => '');
      const alive = members.split('\n').filter(Boolean);
      found.push({ path: join(top, name), members: alive.map((pid) => `${pid} of ${name}`) });
    }
  }
  return found;
}

/** Processes of jails (their user is one that only a jail has), or with an open file, directory or argument below `directory`. */
async function processesIn(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const status = await readFile(join('/proc', pid, 'status'), 'utf8').catch(() => '');
    const command = (await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '')).replaceAll('\0', ' ');
    const mounts = await readFile(join('/proc', pid, 'mountinfo'), 'utf8').catch(() => '');
    const jailed = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) >= shiftedOwner;
    if (command.includes(directory) || (jailed && mounts.includes(directory))) found.push(`${pid} ${command.trim()}`);
  }
  return found;
}

/** Paths below a directory, down to a depth. */
async function namesBelow(directory: string, depth: number): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const below = entries.map(async (entry) =>
    entry.isDirectory() && depth > 1
      ? (await namesBelow(join(directory, entry.name), depth - 1)).map((path) => join(entry.name, path))
      : [],
  );
  return [...entries.map(({ name }) => name), ...(await Promise.all(below)).flat()];
}

async function temporaries(dataDir: string): Promise<string[]> {
  const found = await readdir(join(dataDir, 'scratch')).catch(() => []);
  const entries = await pathsBelow(join(dataDir, 'repos'));
  // What is inside a root is the distribution's.
  const roots = await namesBelow(join(dataDir, 'roots'), 5);
  const tarballs = await pathsBelow(join(dataDir, 'tarballs'));
  const temporary = [...entries, ...roots, ...tarballs].filter((path) => /(^|\/)\.tmp-[^/]*$/.test(path));
  return [...found.map((name) => join('scratch', name)), ...temporary];
}
